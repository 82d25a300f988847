"""The engine's errors, as ClickHouse's HTTP interface reports them."""

import re

_CODE = re.compile(r"Code:\s*(\d+)\.")
_VERSION = re.compile(r"\(version [\w.]+\)\s*$")

SYNTAX_ERROR = 62
NOT_IMPLEMENTED = 48
READONLY = 164
NOT_ENOUGH_SPACE = 243
CANNOT_DECOMPRESS = 271
INTO_OUTFILE_NOT_ALLOWED = 358
AUTHENTICATION_FAILED = 516
UNKNOWN_EXCEPTION = 1002

# As the server's own exceptionCodeToHTTPStatus decides it; what is not listed is a 500.
_STATUS = {
    400: "6 8 15 25 26 27 36 37 38 41 44 53 62 72 117 123 167 168 223 321 376 427 441 675 676",
    401: "194",
    403: "192 193 497 512 516",
    404: "46 47 50 56 60 63 73 78 81 115 152 336 511",
    408: "159",
    411: "381",
    413: "229",
    415: "779",
    501: "48",
    503: "76 209 439",
}
_STATUS_OF = {int(code): status for status, codes in _STATUS.items() for code in codes.split()}


class EngineError(Exception):
    """A statement that the engine, or the front before it, refused: answer the client with it."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def status(self) -> int:
        """The HTTP status that a ClickHouse server answers for this code."""
        return _STATUS_OF.get(self.code, 500)


def refusal(code: int, name: str, text: str) -> EngineError:
    """An error of the front's own, worded like the engine's."""
    return EngineError(code, f"Code: {code}. DB::Exception: {text} ({name})")


def from_engine(text: str, version: str) -> EngineError:
    """The error that chDB raised as *text*; *version* completes it as a server would."""
    start = text.find("Code:")
    text = (text[start:] if start > 0 else text).strip()
    found = _CODE.search(text)
    code = int(found[1]) if found else UNKNOWN_EXCEPTION
    return EngineError(code, text if _VERSION.search(text) else f"{text} (version {version})")
