-- An import notes its moment from now on, so that a service which opens beside a writer knows up to when it knows all. This notes one for the
-- imports until now.

UPDATE change_clock
SET stamp = SYSUTCDATETIME()
WHERE clock_id = 1 AND stamp = '0001-01-01T00:00:00+00:00';
