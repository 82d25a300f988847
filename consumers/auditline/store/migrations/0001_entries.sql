-- The log. Stored: the evidence, byte for byte as the ledger has it. Everything else is derived from
-- those bytes here, and only here; `auditline verify` derives it again and compares.
--
-- Absent reads as empty ('' or 0): no column is Nullable. Nothing that is searched for needs the
-- difference (a counter starts at 1, an id is never empty), and the text keeps it.
-- No TTL: entries leave only by the erasure of an organization.
CREATE TABLE IF NOT EXISTS {database}.{entries} {on_cluster}
(
    leaf FixedString(144) CODEC(ZSTD(1)),
    salt FixedString(16) CODEC(NONE),
    event String CODEC(ZSTD(3)),

    -- From the leaf: ledger format, section 2. Big-endian there, so the bytes are turned round.
    log_id FixedString(16) MATERIALIZED toFixedString(substring(leaf, 17, 16), 16),
    seq UInt64 MATERIALIZED reinterpretAsUInt64(reverse(substring(leaf, 33, 8))) CODEC(Delta(8), ZSTD(1)),
    recorded_at DateTime64(6, 'UTC') MATERIALIZED
        fromUnixTimestamp64Micro(reinterpretAsInt64(reverse(substring(leaf, 41, 8))), 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    event_id UUID MATERIALIZED toUUID(UUIDNumToString(toFixedString(substring(leaf, 49, 16), 16))),
    kind UInt8 MATERIALIZED reinterpretAsUInt8(substring(leaf, 100, 1)),
    source_partition UInt32 MATERIALIZED reinterpretAsUInt32(reverse(substring(leaf, 101, 4))),
    source_offset UInt64 MATERIALIZED reinterpretAsUInt64(reverse(substring(leaf, 105, 8))) CODEC(Delta(8), ZSTD(1)),
    -- Hashes do not compress, so they are computed when asked for.
    commitment FixedString(32) ALIAS toFixedString(substring(leaf, 65, 32), 32),
    prev FixedString(32) ALIAS toFixedString(substring(leaf, 113, 32), 32),
    leaf_hash FixedString(32) ALIAS SHA256(concat(unhex('00'), leaf)),

    -- The text without its diff. A quote inside a JSON string is escaped, so the mark can only be
    -- structure; no number or nesting inside a diff can then hinder the parser.
    changes_at UInt64 ALIAS position(event, ',"changes":['),
    head String ALIAS if(changes_at = 0, event, concat(substring(event, 1, changes_at - 1), '}')),
    parsed {event_type} ALIAS JSONExtract(head, '{event_type}'),

    org_id LowCardinality(String) MATERIALIZED tupleElement(parsed, 'org_id'),
    project_id LowCardinality(String) MATERIALIZED tupleElement(parsed, 'project_id'),
    environment LowCardinality(String) MATERIALIZED tupleElement(parsed, 'environment'),
    occurred_at DateTime64(6, 'UTC') MATERIALIZED
        fromUnixTimestamp64Micro(tupleElement(parsed, 'occurred_at'), 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    action LowCardinality(String) MATERIALIZED tupleElement(parsed, 'action'),
    action_version UInt32 MATERIALIZED tupleElement(parsed, 'action_version'),
    crud LowCardinality(String) MATERIALIZED tupleElement(parsed, 'crud'),
    severity LowCardinality(String) MATERIALIZED tupleElement(parsed, 'severity'),

    outcome LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'outcome'), 'result'),
    outcome_code LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'outcome'), 'code'),
    outcome_reason String MATERIALIZED tupleElement(tupleElement(parsed, 'outcome'), 'reason'),

    actor_type LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'actor'), 'type'),
    actor_id String MATERIALIZED tupleElement(tupleElement(parsed, 'actor'), 'id'),
    actor_email String MATERIALIZED tupleElement(tupleElement(parsed, 'actor'), 'email'),
    actor_name String MATERIALIZED tupleElement(tupleElement(parsed, 'actor'), 'name'),
    actor_role LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'actor'), 'role'),
    actor_groups Array(LowCardinality(String)) MATERIALIZED tupleElement(tupleElement(parsed, 'actor'), 'groups'),
    actor_credential_id String MATERIALIZED tupleElement(tupleElement(parsed, 'actor'), 'credential_id'),
    actor_auth_method LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'actor'), 'auth_method'),
    actor_session_id String MATERIALIZED tupleElement(tupleElement(parsed, 'actor'), 'session_id'),
    on_behalf_of_type LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'on_behalf_of'), 'type'),
    on_behalf_of_id String MATERIALIZED tupleElement(tupleElement(parsed, 'on_behalf_of'), 'id'),
    on_behalf_of_email String MATERIALIZED tupleElement(tupleElement(parsed, 'on_behalf_of'), 'email'),

    client_ip String MATERIALIZED tupleElement(tupleElement(parsed, 'source'), 'client_ip'),
    peer_ip String MATERIALIZED tupleElement(tupleElement(parsed, 'source'), 'peer_ip'),
    user_agent LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'source'), 'user_agent'),
    country LowCardinality(String) MATERIALIZED
        tupleElement(tupleElement(tupleElement(parsed, 'source'), 'geo'), 'country'),

    resource_type LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'resource'), 'type'),
    resource_id String MATERIALIZED tupleElement(tupleElement(parsed, 'resource'), 'id'),
    resource_name String MATERIALIZED tupleElement(tupleElement(parsed, 'resource'), 'name'),
    -- An object in a list that has none of the fields asked for is left out by the parser: a target's
    -- type, which it always has, keeps its place.
    target_ids Array(String) MATERIALIZED tupleElement(tupleElement(parsed, 'targets'), 'id'),

    request_id String MATERIALIZED tupleElement(tupleElement(parsed, 'request'), 'id'),
    trace_id String MATERIALIZED tupleElement(tupleElement(parsed, 'request'), 'trace_id'),
    method LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'request'), 'method'),
    route LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'request'), 'route'),
    batch_id String MATERIALIZED tupleElement(tupleElement(parsed, 'request'), 'batch_id'),
    caused_by String MATERIALIZED tupleElement(tupleElement(parsed, 'request'), 'caused_by'),
    reason String MATERIALIZED tupleElement(tupleElement(parsed, 'justification'), 'reason'),
    ticket String MATERIALIZED tupleElement(tupleElement(parsed, 'justification'), 'ticket'),

    service_name LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'service'), 'name'),
    service_version LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'service'), 'version'),
    producer_id LowCardinality(String) MATERIALIZED tupleElement(tupleElement(parsed, 'producer'), 'id'),
    producer_epoch UInt64 MATERIALIZED tupleElement(tupleElement(parsed, 'producer'), 'epoch'),
    producer_counter UInt64 MATERIALIZED tupleElement(tupleElement(parsed, 'producer'), 'counter'),
    labels Array(Tuple(key String, value String)) MATERIALIZED tupleElement(parsed, 'labels'),

    -- The paths of the diff. The parser gives up on 1e999 or a thousand levels, and only then tokens
    -- are counted: strings (with the string that is their value) and brackets. Inside the list and
    -- one change the depth is 2, and what begins with "path": there is a path.
    diff String ALIAS if(changes_at = 0, '', substring(event, changes_at + 11, length(event) - changes_at - 11)),
    diff_parsed Array(Tuple(path String)) ALIAS JSONExtract(diff, 'Array(Tuple(path String))'),
    diff_tokens Array(String) ALIAS extractAll(
        if(notEmpty(diff_parsed), '', diff), '"(?:[^"\\\\]|\\\\.)*"(?::"(?:[^"\\\\]|\\\\.)*")?|[\\[\\]{}]'),
    diff_depths Array(Int32) ALIAS
        arrayCumSum(t -> transform(t, ['[', '{', ']', '}'], [1, 1, -1, -1], 0), diff_tokens),
    changed_paths Array(LowCardinality(String)) MATERIALIZED arrayConcat(
        tupleElement(diff_parsed, 'path'),
        arrayMap(t -> JSONExtractString(substring(t, 8)), arrayFilter(
            (t, depth) -> depth = 2 AND startsWith(t, '"path":"'), diff_tokens, diff_depths))),

    -- A column of its own, so that the error of a refused insert shows it and not the leaf's bytes.
    leaf_is_known UInt8 MATERIALIZED
        startsWith(leaf, 'auditline-leaf1\n') AND substring(leaf, 97, 4) <= unhex('00000007'),
    CONSTRAINT leaf_has_label_and_kind CHECK leaf_is_known = 1,
    CONSTRAINT org_is_named CHECK org_id != '',

    INDEX by_event_id event_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_request_id request_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_actor_id actor_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_resource_id resource_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_client_ip client_ip TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_occurred_at occurred_at TYPE minmax GRANULARITY 1,
    INDEX by_source_partition source_partition TYPE minmax GRANULARITY 1,
    INDEX by_source_offset source_offset TYPE minmax GRANULARITY 1
)
ENGINE = {engine}
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (org_id, log_id, seq)
SETTINGS {durability}
