"""A broken seed in words: what does not hold, what led to it, and how to play it again."""

import re

from tests.simulate.history import Asked, Ran


def tell(asked: Asked, ran: Ran) -> str:
    """Several lines."""
    subjects = tuple(dict.fromkeys(re.findall(r"\b[BJ]-\d+", " ".join(ran.broken))))
    lines = [f"seed {ran.seed} breaks:", *(f"  {words}" for words in dict.fromkeys(ran.broken)), "what happened:"]
    lines += [f"  {line}" for line in ran.trace.about(subjects)]
    never = f' --never "{",".join(sorted(asked.never))}"' if asked.never else ""
    without = f" --without {','.join(map(str, sorted(asked.without)))}" if asked.without else ""
    postgres = " --postgres" if asked.postgres else ""
    lines.append(f"again: python -m tests.simulate --from {ran.seed} --seeds 1 --trace{never}{without}{postgres}")
    return "\n".join(lines)
