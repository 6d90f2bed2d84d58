"""Pauses in words."""

from controller.domain.pauses import Pause, PauseKind

_SUBJECTS = {PauseKind.BATCH: "Its batch is", PauseKind.RECIPE: "The recipe {name} is", PauseKind.POOL: "{name} is"}


def pause_sentence(pause: Pause) -> str:
    """``Paused by eva since 2026-11-23 12:00 UTC, until a person resumes it: the compiler is broken.``"""
    end = f"until {pause.until:%Y-%m-%d %H:%M} UTC" if pause.until else "until a person resumes it"
    why = f": {pause.reason.rstrip('.')}" if pause.reason else ""
    return f"Paused by {pause.author or 'nobody known'} since {pause.since:%Y-%m-%d %H:%M} UTC, {end}{why}."


def paused_job_sentence(pause: Pause) -> str:
    """Why a job does not start: what of it is paused, and the rest."""
    said = pause_sentence(pause)
    return f"{_SUBJECTS[pause.kind].format(name=pause.name)} {said[0].lower()}{said[1:]}"
