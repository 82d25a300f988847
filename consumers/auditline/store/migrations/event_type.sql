Tuple(
    org_id String, project_id String, environment String, occurred_at Int64,
    action String, action_version UInt32, crud String, severity String,
    outcome Tuple(result String, code String, reason String),
    actor Tuple(type String, id String, email String, name String, role String, groups Array(String),
        credential_id String, auth_method String, session_id String),
    on_behalf_of Tuple(type String, id String, email String),
    source Tuple(client_ip String, peer_ip String, user_agent String, geo Tuple(country String)),
    resource Tuple(type String, id String, name String),
    targets Array(Tuple(type String, id String)),
    request Tuple(id String, trace_id String, method String, route String, batch_id String, caused_by String),
    justification Tuple(reason String, ticket String),
    service Tuple(name String, version String),
    labels Array(Tuple(key String, value String)),
    producer Tuple(id String, epoch UInt64, counter UInt64)
)
