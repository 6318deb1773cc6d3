-- Runs every command that changes something on a key of its own, so that a user without the
-- right to one is found at start and not in the middle of a commit.
-- KEYS probe.
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'a', '1')
redis.call('HMGET', KEYS[1], 'a')
redis.call('HDEL', KEYS[1], 'a')
redis.call('ZADD', KEYS[1], 'NX', 0, 'a')
redis.call('ZRANGEBYLEX', KEYS[1], '-', '+', 'LIMIT', 0, 1)
redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
redis.call('ZREM', KEYS[1], 'a')
redis.call('SADD', KEYS[1], 'a')
redis.call('SREM', KEYS[1], 'a')
redis.call('XADD', KEYS[1], '1-0', 'e', '1')
redis.call('XTRIM', KEYS[1], 'MINID', '=', '2-0')
redis.call('DEL', KEYS[1])
redis.call('INCRBY', KEYS[1], 1)
redis.call('SET', KEYS[1], '1')
redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('TIME')
return 0
