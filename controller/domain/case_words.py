"""The cases of tests in words: how many went how, and what is known of one."""


def counts_line(passed: int, failed: int, skipped: int) -> str:
    """``41 passed, 1 failed, 2 skipped``; empty where a test told no cases."""
    said = ((passed, "passed"), (failed, "failed"), (skipped, "skipped"))
    return ", ".join(f"{number:,} {word}" for number, word in said if number)


def history_sentence(failed: int, flaked: int, runs: int) -> str:
    """``failed 3 of the last 40 runs``, and how often it passed when repeated alone; ``runs`` is how many are known."""
    if not runs:
        return "no run is known"
    of = "the only run" if runs == 1 else f"{failed} of the last {runs} runs"
    said = (f"failed {of}" if failed else f"failed in none of the last {runs} runs") if runs > 1 or failed else ""
    came = f"came and went {'once' if flaked == 1 else f'{flaked} times'}" if flaked else ""
    return ", ".join(part for part in (said, came) if part) or "did not fail in the only run"
