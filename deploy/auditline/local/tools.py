"""Programs of the machine that the local stack needs, and how to get those that are missing."""

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path


class ToolMissing(Exception):
    """A program is not installed; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, with the packages that bring it."""

    name: str
    debian: str
    brew: str
    home: str | None = None

    def find(self) -> Path | None:
        """Its path: under the home that its own variable names, else on PATH."""
        home = os.environ.get(self.home) if self.home else None
        if home and (Path(home) / "bin" / self.name).exists():
            return Path(home) / "bin" / self.name
        found = shutil.which(self.name)
        return Path(found) if found else None

    def require(self) -> Path:
        """Its path. Raises ToolMissing with the command that installs it."""
        found = self.find()
        if found is None:
            raise ToolMissing(f"{self.name} is not installed: {self.remedy()}")
        return found

    def remedy(self, system: str | None = None) -> str:
        """The command that installs it on *system*, by default this one."""
        if (system or platform.system()) == "Darwin":
            return f"brew install {self.brew}"
        return f"apt-get install -y {self.debian}  (or your distribution's own)"


JAVA = Tool("java", "openjdk-17-jre-headless", "openjdk@17", "JAVA_HOME")
MAVEN = Tool("mvn", "maven", "maven", "MAVEN_HOME")
