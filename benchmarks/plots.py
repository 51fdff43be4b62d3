"""Pictures of what a benchmark saw, for a person to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("agg")

from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

RESULTS = Path(__file__).parent / "results"
"""Where the pictures go; git ignores it."""

_WIDTH, _HEIGHT = 11.0, 3.2
_REFUSED = "#c0392b"
_CEILING = "#333333"


@dataclass(frozen=True)
class Arrivals:
    """
    Requests as the server saw them come.

    :param accepted: by sender, when those came that were let in, in seconds since the start.
    :param refused: when those came that were refused with 429.
    """

    accepted: Mapping[str, Sequence[float]]
    refused: Sequence[float]


def rate_plot(path: Path, title: str, runs: Mapping[str, Arrivals], ceiling: float, window: float = 4.0) -> None:
    """
    Draw requests per second over time, one panel for each run.

    The senders' shares are stacked. A line tells how many requests the server's last second held at most, which is what
    it counts.

    :param path: the picture, PNG.
    :param runs: by name.
    :param ceiling: requests that the server allows in a second.
    :param window: seconds over which the shares are averaged.
    """
    # All panels on one scale of time: a run that took longer is to look longer.
    lasted = max(max(max(times) for times in run.accepted.values()) for run in runs.values())
    figure, panels = plt.subplots(
        len(runs), figsize=(_WIDTH, _HEIGHT * len(runs)), sharex=True, squeeze=False, layout="constrained"
    )
    figure.suptitle(title)
    for axes, (name, run) in zip(panels[:, 0], runs.items(), strict=True):
        moments = [step / 4 for step in range(int(lasted * 4) + 1)]
        shares = [_per_second(times, moments, window, lasted) for times in run.accepted.values()]
        axes.stackplot(moments, shares, labels=list(run.accepted), alpha=0.75, linewidth=0)
        arrived = sorted(at for times in run.accepted.values() for at in times)
        axes.step(*_most_in_a_second(arrived), where="post", color="black", linewidth=0.8, label="most in one second")
        axes.axhline(ceiling, color=_CEILING, linestyle="--", linewidth=1, label=f"limit, {ceiling:g} a second")
        if run.refused:
            axes.plot(
                run.refused,
                [ceiling * 1.12] * len(run.refused),
                "x",
                color=_REFUSED,
                markersize=5,
                label=f"refused: {len(run.refused)} x 429",
            )
        axes.set_title(name, loc="left", fontsize=10)
        axes.set_ylabel("requests a second")
        axes.set_ylim(0, ceiling * 1.25)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    panels[-1, 0].set_xlabel("seconds since the start")
    panels[-1, 0].set_xlim(0, lasted)
    _save(path)


def progress_plot(path: Path, title: str, runs: Mapping[str, Sequence[float]]) -> None:
    """
    Draw how many records were done over time, a line for each way of doing it.

    :param path: the picture, PNG.
    :param runs: by name, when each record was done, in seconds since the start.
    """
    _, axes = plt.subplots(figsize=(_WIDTH, 1.6 * _HEIGHT), layout="constrained")
    for name, done_at in runs.items():
        axes.plot([0.0, *sorted(done_at)], range(len(done_at) + 1), drawstyle="steps-post", label=name)
    _label_over_time(axes, title, "records done", "lower right")
    _save(path)


def memory_plot(path: Path, title: str, runs: Mapping[str, Sequence[tuple[float, float]]], limit: float) -> None:
    """
    Draw how much memory was taken over time, a line for each way of doing it.

    :param path: the picture, PNG.
    :param runs: by name, seconds since the start and MB.
    :param limit: MB that are allowed.
    """
    _, axes = plt.subplots(figsize=(_WIDTH, 1.6 * _HEIGHT), layout="constrained")
    for name, taken in runs.items():
        axes.plot(*zip(*taken, strict=True), label=name)
    axes.axhline(limit, color=_CEILING, linestyle="--", linewidth=1, label=f"limit, {limit:g} MB")
    _label_over_time(axes, title, "MB on top of the imports", "upper left")
    _save(path)


def _label_over_time(axes: Axes, title: str, what: str, legend: str) -> None:
    axes.set_title(title)
    axes.set_xlabel("seconds since the start")
    axes.set_ylabel(what)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(loc=legend)


def spread_plot(path: Path, title: str, what: str, runs: Mapping[str, Sequence[float]], limit: float) -> None:
    """
    Draw how the values of several rounds are spread, a box for each way of doing it.

    :param path: the picture, PNG.
    :param what: what the values are, with their unit.
    :param runs: by name, a value for each round.
    :param limit: the most that is allowed.
    """
    _, axes = plt.subplots(figsize=(_WIDTH, _HEIGHT), layout="constrained")
    axes.boxplot(list(runs.values()), orientation="horizontal", tick_labels=list(runs))
    axes.axvline(limit, color=_CEILING, linestyle="--", linewidth=1, label=f"limit, {limit:.3g}")
    axes.set_title(title)
    axes.set_xlabel(what)
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3, axis="x")
    axes.legend(loc="center left")
    _save(path)


def _save(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plt.savefig(path, dpi=110)
    plt.close()
    print(f"picture: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


def _per_second(times: Sequence[float], moments: Sequence[float], window: float, lasted: float) -> list[float]:
    rates = []
    for moment in moments:
        # At both ends the window is cut: nothing could come before the start.
        since, until = max(0.0, moment - window / 2), min(lasted, moment + window / 2)
        rates.append(sum(since <= at <= until for at in times) / (until - since) if until > since else 0.0)
    return rates


def _most_in_a_second(arrived: Sequence[float]) -> tuple[list[int], list[int]]:
    """Return, for each whole second since the start, the most arrivals that any second ending in it held."""
    most: dict[int, int] = {}
    first = 0
    for last, at in enumerate(arrived):
        while arrived[first] <= at - 1.0:
            first += 1
        most[int(at)] = max(most.get(int(at), 0), last - first + 1)
    seconds = range(int(arrived[-1]) + 1)
    return list(seconds), [most.get(second, 0) for second in seconds]
