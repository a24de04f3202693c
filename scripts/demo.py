"""Makes .venv, installs isingdenoise, cleans a sample picture and says where the pictures are.

python -m scripts.demo

`scripts/demo` is the same from bash.
"""

from __future__ import annotations

from pathlib import Path

from scripts.environment import ROOT, install, program, run

#: With forward slashes, as they are printed; every system takes them.
OUT, SAMPLES = "demo_output", "sample_images"


def main() -> None:
    """Clean two samples."""
    install()
    (ROOT / OUT).mkdir(exist_ok=True)
    command = program("isingdenoise")
    letter = f"{SAMPLES}/letter_a_gaussian.png"
    clean, sure = f"{OUT}/letter_a_clean.png", f"{OUT}/letter_a_probability.png"
    run(command, "run", letter, "--noise", "gaussian", "--force", "-o", clean,
        "--probability", sure)  # fmt: skip
    table = f"{OUT}/text_compared.png"
    run(command, "compare", f"{SAMPLES}/text_flip.png", "--noise", "flip", "--force",
        "--clean", f"{SAMPLES}/text_clean.png", "--plot", table)  # fmt: skip
    print()
    for what, where in (
        *(("noisy", letter), ("clean", clean), ("P(bright)", sure), ("all engines", table)),
    ):
        print(f"{what:<11}  {where}")
    print(f"\nyour own:    {Path(command).relative_to(ROOT)} run noisy.png")


if __name__ == "__main__":
    main()
