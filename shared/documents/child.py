"""The process that makes PDFs of one template: JSON comes in, their lengths and the PDFs go out. It limits itself before it loads anything.

Started as a file by `shared.documents.render`, so it imports nothing of ours.
"""

import json
import os
import sys
from base64 import b64decode
from typing import Any


def limit(seconds: int, megabytes: int) -> None:
    """Time and memory, no file to write to. The parent ends what sleeps; where the system knows no limits (Windows), only that holds."""
    try:
        import resource
    except ImportError:
        return
    for what, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, megabytes * 1024 * 1024),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):  # macOS has no limit of address space
            continue


def main() -> None:
    asked: dict[str, Any] = json.load(sys.stdin.buffer)
    limit(asked["seconds"], asked["megabytes"])
    if asked["patient"] and hasattr(os, "nice"):
        os.nice(10)
    import typst

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=asked["fonts"])
    # Typst has no base64; it makes bytes of their numbers.
    images = {name: {"format": format, "bytes": list(b64decode(body))} for name, (format, body) in asked["images"].items()}
    try:
        made = [
            typst.compile(
                asked["template"],
                root=asked["root"],
                font_paths=fonts,
                ignore_system_fonts=True,
                # Data, never markup: what a customer wrote stays text.
                sys_inputs={"data": data, "images": json.dumps(images)},
                package_path=asked["root"],
                package_cache_path=asked["root"],
                timestamp=asked["timestamp"],
            )
            for data in asked["data"]
        ]
    except typst.TypstError as error:
        print(error.diagnostic, file=sys.stderr)
        raise SystemExit(3) from None
    pdfs = [one for one in made if isinstance(one, bytes)]
    if len(pdfs) < len(made):
        raise SystemExit(4)
    sys.stdout.buffer.write(json.dumps([len(pdf) for pdf in pdfs]).encode() + b"\n" + b"".join(pdfs))


if __name__ == "__main__":
    main()
