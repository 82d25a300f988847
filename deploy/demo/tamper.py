"""What a ClickHouse administrator could do behind the log's back: rewrite one row.

ClickHouse itself refuses `ALTER … UPDATE event` (the sorting key is derived from it), so he puts a
forged copy beside the row and deletes the original. Every derived column then agrees with the
forgery; only the hash in the leaf does not.
"""

from auditline.local.stack import DATABASE, LocalStack

from .evidence import Row


def blame_another(stack: LocalStack, row: Row, culprit: str, scapegoat: str) -> None:
    """Makes *row* say that *scapegoat* did what *culprit* (an e-mail address) did.

    ClickHouse is down for it, a few seconds: the engine has one user at a time. Raises EngineError.
    """
    table = f"{DATABASE}.entries"
    where = f"org_id = {_text(row.org_id)} AND seq = {row.seq}"
    forged = f"replaceAll(event, {_text(culprit)}, {_text(scapegoat)})"
    copy = f"SELECT leaf, salt, {forged} FROM {table} WHERE {where}"
    original = f"{where} AND actor_email = {_text(culprit)}"
    stack.admin(
        f"INSERT INTO {table} (leaf, salt, event) {copy}",
        f"ALTER TABLE {table} DELETE WHERE {original} SETTINGS mutations_sync = 2",
    )


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
