"""A click group that answers a wrong name with the nearest one."""

import click


class Group(click.Group):
    """``click.Group``, but a command that does not exist is a ``UsageError`` as every other wrong name is."""

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
