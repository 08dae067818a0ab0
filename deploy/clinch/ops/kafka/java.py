"""The Java that the broker runs on."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from clinch.errors import CommandError

OLDEST = 17  # what a broker of Kafka 4 is compiled for
_ADVICE = f"install a JDK {OLDEST} or newer (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17)"


def java() -> str:
    """The path of a Java that is new enough: that of JAVA_HOME where it is set, or the one on the PATH."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if found is None:
        raise CommandError(f"Apache Kafka needs Java and there is none: {_ADVICE}, then repeat.")
    try:
        said = subprocess.run([found, "-version"], capture_output=True, text=True, check=True, timeout=60).stderr
    except (OSError, subprocess.SubprocessError):
        where = f"JAVA_HOME is {home}, where it does not run" if home else f"{found} does not run"
        raise CommandError(f"Apache Kafka needs Java, and {where}: {_ADVICE}, then repeat.") from None
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None or int(version[1]) < OLDEST:
        number = version[1] if version else "of an unknown version"
        raise CommandError(f"Apache Kafka 4 needs Java {OLDEST} and {found} is Java {number}: {_ADVICE}, or set JAVA_HOME to one.")
    return found
