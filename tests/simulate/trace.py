"""What happened, as a person reads it."""

from dataclasses import dataclass, field


@dataclass
class Trace:
    """Lines with their simulated second. ``said`` writes one down."""

    lines: list[tuple[float, str]] = field(default_factory=list)

    def said(self, at: float, text: str) -> None:
        self.lines.append((at, text))

    def about(self, words: tuple[str, ...]) -> list[str]:
        """Faults, people, and what speaks of any of these words; all if there are none."""
        told = [(at, text) for at, text in self.lines if not words or "FAULT" in text or _speaks(text, words)]
        return [f"{at:9.2f}  {text}" for at, text in told]


def _speaks(text: str, words: tuple[str, ...]) -> bool:
    cleaned = f" {text.replace(':', ' ').replace(',', ' ').replace('.', ' ')} "
    return any(f" {word} " in cleaned for word in words)
