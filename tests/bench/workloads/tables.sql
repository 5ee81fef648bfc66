-- tables.sql - a table in memory: insert, index, group by.
CREATE TABLE sale (id INTEGER PRIMARY KEY, town TEXT, item TEXT, cents INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
    INSERT INTO sale SELECT i, 'town ' || (i * 7919 % 5003), 'item ' || (i * 31 % 977), i * 13 % 10007 FROM n;
CREATE INDEX sale_town ON sale (town, item);
SELECT count(*), sum(total) FROM (SELECT town, sum(cents) AS total FROM sale GROUP BY town);
SELECT item, count(*), avg(cents) FROM sale GROUP BY item ORDER BY 3 DESC, 1 LIMIT 3;
SELECT count(DISTINCT town || item) FROM sale;
