"""How many steps a limit of time allows, planned from the measured speed, so that the rate comes down at the end."""

from contreg_core.scheme import Scheme
from contreg_core.training.coarse import EDGE
from contreg_core.training.loop import TrainingState

PLAN_AFTER = 10
"""Steps that tell the speed of those to come."""
LOG_EVERY = 20
"""Steps between two lines of a training's log."""


class StepPlan:
    """``limit`` seconds for the whole run, 0 for none, which leaves the scheme's steps as they are.

    The scheme's steps are the most there are. ``ndim`` is the images'.
    """

    def __init__(self, scheme: Scheme, state: TrainingState, ndim: int, limit: float) -> None:
        self.limit = limit
        self.coarse_limit = scheme.coarse * limit
        self.most, self.most_coarse = state.total, state.coarse
        self.dearer = EDGE**ndim
        self.step_seconds, self.first_seconds, self.validation_seconds = 0.0, 0.0, 0.0

    def after_step(self, state: TrainingState, seconds: float) -> None:
        """A step took so many seconds; ends the coarse part, or the run, where another one would be too late."""
        self.step_seconds = seconds
        self.first_seconds = self.first_seconds or seconds
        if self.limit and state.step < state.coarse and state.elapsed >= self.coarse_limit:
            state.coarse = state.step
        if state.step == state.coarse:
            state.coarse_seconds = state.elapsed
        if self.over(state, self.validation_seconds):
            state.total = state.step

    def over(self, state: TrainingState, seconds: float) -> bool:
        """Whether these and one more step are more than is left; a first step tells nothing of another."""
        coming = seconds + (self.step_seconds if state.step > 1 else 0.0)
        return bool(self.limit) and state.elapsed + coming > self.limit

    def left(self, state: TrainingState) -> float | None:
        """Seconds to go; None where the steps of the scheme end the run, and only their speed tells when."""
        limited = self.limit and state.total < self.most
        return max(0.0, self.limit - state.elapsed) if limited else None

    def due(self, state: TrainingState) -> bool:
        """Whether a part of the training just became long enough to tell its speed; of whole steps, one is enough."""
        whole = state.step - state.coarse
        return state.step == PLAN_AFTER or (state.coarse > 0 and whole in (1, PLAN_AFTER))

    def renew(self, state: TrainingState) -> None:
        """Fit the number of steps to the time that is left, from the mean speed so far (validations included).

        The process's first step is left out: it compiles loops, where nobody ran them before, for many steps' time.
        """
        if not self.limit or state.step >= state.total or state.step < PLAN_AFTER:
            return
        left = self.limit - state.elapsed
        if state.step < state.coarse:
            speed = (state.step - 1) / (state.elapsed - self.first_seconds)
            allowed = int((self.coarse_limit - state.elapsed) * speed)
            state.coarse = min(self.most_coarse, state.step + max(1, allowed))
            pending = (state.coarse - state.step) / speed
            # What a whole step takes is known when one was made; until then, as much more as it has voxels.
            guess = int((left - pending) * speed / self.dearer)
            state.total = min(self.most, state.coarse + max(2, guess))
        else:
            # At least one more step, so that the run ends at a validation.
            state.total = min(self.most, state.step + max(1, int(left * self._speed(state))))

    def _speed(self, state: TrainingState) -> float:
        """Steps a second after the coarse part."""
        steps, seconds = state.step - state.coarse, state.elapsed - state.coarse_seconds
        if state.coarse:
            return steps / seconds if steps else 1 / (self.dearer * self.step_seconds)
        return (steps - 1) / (seconds - self.first_seconds)


def interval(steps: int, times: int) -> int:
    """Steps between about so many validations: whole log intervals, for a plan moves a little."""
    return max(LOG_EVERY, round(steps / times / LOG_EVERY) * LOG_EVERY)
