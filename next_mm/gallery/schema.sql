CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    identity TEXT,
    camera TEXT,
    time REAL,
    tracklet TEXT,
    is_mean INTEGER NOT NULL DEFAULT 0,
    source TEXT NOT NULL DEFAULT '',
    parts INTEGER NOT NULL,
    captioned INTEGER NOT NULL,
    extra TEXT NOT NULL DEFAULT '{}',
    UNIQUE (id, is_mean)
);
CREATE INDEX IF NOT EXISTS entry_tracklet ON entry (tracklet) WHERE tracklet IS NOT NULL;
CREATE TABLE IF NOT EXISTS feature (number INTEGER PRIMARY KEY, value BLOB NOT NULL, text_free BLOB);
CREATE TABLE IF NOT EXISTS audit (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,
    who TEXT NOT NULL,
    operation TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
