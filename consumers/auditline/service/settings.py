"""Settings that all services share."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "console"]


class LogSettings(BaseModel):
    """What a process logs on stderr, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Level = Field(default="info", description="Least important level that is logged.")
    format: Format = Field(
        default="auto", description="JSON lines, or text for people; auto asks the terminal."
    )
