"""A click group that answers a wrong name with the nearest one."""

import click


class Group(click.Group):
    """``click.Group``, but a command that does not exist is a ``UsageError`` as every other wrong name is."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without a word it shows its help: an answer, whichever click is installed (from 8.2 it is an error there)."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Click's own for a name that exists; a shell that completes what is typed asks for others too."""
        known = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in known and not ctx.resilient_parsing:
            from contreg_core.parameters import unknown

            path = " ".join([*ctx.command_path.split()[1:], args[0]])
            raise unknown(f"there is no command '{path}'", args[0], known, "commands")
        return super().resolve_command(ctx, args)
