-- The gateway's own state. Audit is not in here: it leaves for Kafka before a change commits.
CREATE TABLE IF NOT EXISTS organizations (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS members (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organizations ON DELETE CASCADE,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
  status TEXT NOT NULL CHECK (status IN ('invited', 'active')),
  password TEXT,         -- scrypt; none before the invitation is accepted
  invitation BLOB,       -- SHA-256 of the token in the invitation
  totp TEXT,             -- the second factor's secret, base32
  UNIQUE (org_id, email)
) STRICT;

CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY,
  token BLOB NOT NULL UNIQUE,  -- SHA-256 of the bearer token
  member_id TEXT NOT NULL REFERENCES members ON DELETE CASCADE,
  mfa INTEGER NOT NULL,
  started_at INTEGER NOT NULL,  -- microseconds, UTC
  expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS provider_keys (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organizations ON DELETE CASCADE,
  provider TEXT NOT NULL,
  name TEXT NOT NULL,
  secret TEXT NOT NULL,
  UNIQUE (org_id, name)
) STRICT;

CREATE TABLE IF NOT EXISTS api_keys (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organizations ON DELETE CASCADE,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('admin', 'developer', 'viewer')),
  status TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
  token BLOB NOT NULL UNIQUE,  -- SHA-256 of the key
  rpm INTEGER NOT NULL,
  UNIQUE (org_id, name)
) STRICT;

CREATE TABLE IF NOT EXISTS routing (
  org_id TEXT PRIMARY KEY REFERENCES organizations ON DELETE CASCADE,
  config TEXT NOT NULL  -- JSON, as it was accepted
) STRICT;

CREATE TABLE IF NOT EXISTS budgets (
  org_id TEXT PRIMARY KEY REFERENCES organizations ON DELETE CASCADE,
  config TEXT NOT NULL  -- JSON; amounts keep their digits
) STRICT;

CREATE TABLE IF NOT EXISTS request_logs (
  id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES organizations ON DELETE CASCADE,
  at INTEGER NOT NULL,  -- microseconds, UTC
  api_key_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  status INTEGER NOT NULL,
  tokens INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS request_logs_by_org ON request_logs (org_id, at);
