"""ClickHouse's HTTP interface over chDB, the same engine in process.

    sql          where a statement's head ends and its data begins          (pure)
    call         what one HTTP request asks for                             (pure)
    errors       the engine's error text as code, name and HTTP status      (pure)
    roles        a role of `auditline.xml` as the engine's only user        (pure)
    compression  bodies, packed and unpacked as they pass
    engine       sessions on the engine, confined to the caller's role
    app          the HTTP application
    admin        statements by a role that no service holds, while the server is down

The engine knows one user. It is opened with the writer's grants, so that even here the log is
append-only by the engine's own refusal; a reader's session is confined further before it runs.
"""
