-- A store as version 1 of the layout and of the documents left it: part of what a demonstration wrote.

CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO counter VALUES ('cursor', 0), ('last_entry', 0), ('last_mark', 0);
    CREATE TABLE lease (
        only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
        owner TEXT, token INTEGER NOT NULL, until_ms INTEGER NOT NULL) STRICT;
    INSERT INTO lease VALUES (1, NULL, 0, 0);
    CREATE TABLE inbox (id INTEGER NOT NULL PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE document (
        kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, bytes BLOB NOT NULL,
        PRIMARY KEY (kind, id)) STRICT;
    CREATE TABLE dirty (
        channel TEXT NOT NULL, sku TEXT NOT NULL, version INTEGER NOT NULL, since_ms INTEGER NOT NULL,
        PRIMARY KEY (channel, sku)) STRICT, WITHOUT ROWID;
    CREATE INDEX dirty_by_age ON dirty (channel, since_ms, sku);
    CREATE TABLE intent (
        channel TEXT NOT NULL, listing TEXT NOT NULL, PRIMARY KEY (channel, listing)) STRICT, WITHOUT ROWID;

INSERT INTO document VALUES ('sku', 'GUERTEL-38-BL', 6, CAST('{"v":1,"d":{"positions":[{"location":"berlin","source":"erp","quantity":"239","basis":"net_of_orders","as_of":"2026-11-22T03:09:59.676Z","sellable":true},{"location":"hamburg","source":"erp","quantity":"60","basis":"net_of_orders","as_of":"2026-11-22T03:09:59.676Z","sellable":true}],"lines":[{"placed_at":"2026-11-22T03:09:56Z","channel":"shop_de","order":"219","line":"81","quantity":"1","status":"open","at":"2026-11-22T03:09:56Z","open_at":"2026-11-22T03:09:56Z","statements":[{"source":"erp","as_of":"2026-11-22T03:09:59.676Z","quantity":"1"}]},{"placed_at":"2026-11-22T03:09:58Z","channel":"shop_de","order":"278","line":"140","quantity":"1","status":"open","at":"2026-11-22T03:09:58Z","open_at":"2026-11-22T03:09:58Z","statements":[{"source":"erp","as_of":"2026-11-22T03:09:59.676Z","quantity":"1"}]}]}}' AS BLOB));
INSERT INTO document VALUES ('order', 'shop_de/219', 2, CAST('{"v":1,"d":{"revision":{"number":1795316996000,"sequence":1795316997019},"status":"open","placed_at":"2026-11-22T03:09:56Z","at":"2026-11-22T03:09:56Z","lines":[{"line":"81","sku":"GUERTEL-38-BL","quantity":"1","fulfilled_by":"merchant"}],"touched":["GUERTEL-38-BL"],"statements":[{"line":"81","source":"erp","said":[{"quantity":"1","first":"2026-11-22T03:09:59.676Z","last":"2026-11-22T03:09:59.676Z"}]}],"past":[{"revision":{"number":1795316996000,"sequence":1795316997019},"at":"2026-11-22T03:09:56Z","lines":[["81","open","1"]]}]}}' AS BLOB));
INSERT INTO document VALUES ('order', 'shop_de/278', 2, CAST('{"v":1,"d":{"revision":{"number":1795316998000,"sequence":1795316998243},"status":"open","placed_at":"2026-11-22T03:09:58Z","at":"2026-11-22T03:09:58Z","lines":[{"line":"140","sku":"GUERTEL-38-BL","quantity":"1","fulfilled_by":"merchant"}],"touched":["GUERTEL-38-BL"],"statements":[{"line":"140","source":"erp","said":[{"quantity":"1","first":"2026-11-22T03:09:59.676Z","last":"2026-11-22T03:09:59.676Z"}]}],"past":[{"revision":{"number":1795316998000,"sequence":1795316998243},"at":"2026-11-22T03:09:58Z","lines":[["140","open","1"]]}]}}' AS BLOB));
INSERT INTO document VALUES ('source', 'erp', 5, CAST('{"v":1,"d":{"complete_as_of":"2026-11-22T03:10:01.760Z","snapshots":["2026-11-22T03:09:53.428Z","2026-11-22T03:09:55.600Z","2026-11-22T03:09:57.640Z","2026-11-22T03:09:59.676Z","2026-11-22T03:10:01.760Z"],"rows":240,"total":"24137","newest":"2026-11-22T03:10:01.760Z"}}' AS BLOB));
INSERT INTO document VALUES ('channel', 'market/orders', 18, CAST('"{\"newest\":{\"newest\":\"2026-11-22T03:10:02.338Z\"}}"' AS BLOB));
INSERT INTO document VALUES ('channel', 'shop_at/orders', 95, CAST('"{\"pass\":\"changed\",\"from\":1795317001000,\"page\":1,\"origin\":1795317001000,\"started\":null}"' AS BLOB));
INSERT INTO document VALUES ('channel', 'shop_de/orders', 87, CAST('"{\"pass\":\"changed\",\"from\":1795317001000,\"page\":1,\"origin\":1795317001000,\"started\":null}"' AS BLOB));
INSERT INTO document VALUES ('listing', 'market/iitem_01000000000000000000000094/sloc_01000000000000000000000001', 4, CAST('{"schema":1,"channel":"market","listing":"iitem_01000000000000000000000094","location":"sloc_01000000000000000000000001","sku":"GUERTEL-38-BL","place":"berlin","desired":"50","sent":{"quantity":"50","target":"50","at":"2026-11-22T03:09:54.267Z","token":1},"accepted":{"quantity":"50","sent_at":"2026-11-22T03:09:54.267Z","at":"2026-11-22T03:09:54.348Z"},"observed":{"quantity":"50","at":"2026-11-22T03:09:54.993Z","until":"2026-11-22T03:09:55.067Z"},"unknown":false,"attempts":0}' AS BLOB));
INSERT INTO document VALUES ('listing', 'market/iitem_01000000000000000000000094/sloc_01000000000000000000000002', 4, CAST('{"schema":1,"channel":"market","listing":"iitem_01000000000000000000000094","location":"sloc_01000000000000000000000002","sku":"GUERTEL-38-BL","place":"hamburg","desired":"0","sent":{"quantity":"0","target":"0","at":"2026-11-22T03:09:54.267Z","token":1},"accepted":{"quantity":"0","sent_at":"2026-11-22T03:09:54.267Z","at":"2026-11-22T03:09:54.340Z"},"observed":{"quantity":"0","at":"2026-11-22T03:09:54.978Z","until":"2026-11-22T03:09:55.063Z"},"unknown":false,"attempts":0}' AS BLOB));
INSERT INTO inbox VALUES (1507, CAST('{"type":"order","channel":"shop_at","order":"173","revision":{"number":1795316997000,"sequence":1795316999524},"status":"cancelled","placed_at":"2026-11-22T03:09:56Z","at":"2026-11-22T03:09:57Z","lines":[{"line":"35","sku":"MUETZE-44-GN","quantity":"1","fulfilled_by":"merchant"}]}' AS BLOB));
UPDATE counter SET value = 1506 WHERE name = 'cursor';
UPDATE counter SET value = 1507 WHERE name = 'last_entry';
UPDATE counter SET value = 7 WHERE name = 'last_mark';
UPDATE lease SET owner = 'elsewhere-1', token = 1795316993000, until_ms = 1795317000000;
INSERT INTO dirty VALUES ('market', 'GUERTEL-38-BL', 7, 1795316999000);
INSERT INTO intent VALUES ('market', 'market/iitem_01000000000000000000000094/sloc_01000000000000000000000001');
PRAGMA user_version = 1;
