-- Figures of two days by minutes and a week by hours, as busy workers would have left them: for
-- pictures of charts. The search path is that of the schema.
SELECT setseed(0.5);

CREATE TEMPORARY TABLE made AS
SELECT minute AS at, queue, name,
       -- Days have more to do than nights, and a deployment stopped everything for some minutes.
       CASE WHEN minute BETWEEN this_minute - interval '41 min' AND this_minute - interval '38 min'
            THEN 0
            ELSE floor(often * (1 + 0.6 * sin(extract(epoch FROM minute) / 13751)
                                + 0.15 * sin(extract(epoch FROM minute) / 700)
                                + 0.2 * random()))::integer
       END AS runs,
       slow * (1 + 0.5 * sin(extract(epoch FROM minute) / 5000) + random() / 2) AS slow
FROM (VALUES ('mail', 'send-mail', 400.0, 1.0), ('mail', 'send-invoice', 90, 2),
             ('mail', 'send-reminder', 35, 3), ('reports', 'report', 6, 5)
     ) AS kinds(queue, name, often, slow),
     (SELECT date_trunc('minute', now()) AS this_minute) AS clock,
     generate_series(this_minute - interval '7 days', this_minute - interval '1 min', '1 min') AS minute;

-- Of each run: how it ended, and in which buckets it waited and ran.
CREATE TEMPORARY TABLE counted AS
SELECT at, queue, name,
       ARRAY[runs - failed - retried, CASE queue WHEN 'mail' THEN failed ELSE 0 END,
             CASE queue WHEN 'mail' THEN 0 ELSE failed END, retried, 0, 0, 0, 0, 0] AS counts,
       ARRAY(SELECT round(runs * weight)::integer FROM unnest(shares) AS weight) AS wait,
       ARRAY(SELECT round(runs * weight)::integer
             FROM unnest(ARRAY[0, 0, 0, 0, 0, 0, 0.1, 0.5, 0.25, 0.1, 0.04, 0.01, 0, 0, 0, 0, 0, 0])
               AS weight) AS run
FROM (
  SELECT *, floor(runs * 0.01 + random())::integer AS failed,
         CASE WHEN extract(minute FROM at)::integer % 17 < 3 THEN runs / 12 ELSE 0 END AS retried,
         CASE WHEN slow < 1.2
              THEN ARRAY[0, 0.1, 0.3, 0.3, 0.2, 0.07, 0.03, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
              ELSE ARRAY[0, 0, 0.1, 0.2, 0.2, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02, 0, 0, 0, 0, 0, 0, 0]
         END AS shares
  FROM made
) AS known
WHERE runs > 0;

CREATE AGGREGATE pg_temp.sums(integer[]) (SFUNC = add_arrays, STYPE = integer[], INITCOND = '{}');

INSERT INTO minutes SELECT * FROM counted WHERE at > now() - interval '48 hours'
ON CONFLICT (at, queue, name) DO UPDATE SET
  counts = excluded.counts, wait = excluded.wait, run = excluded.run;

INSERT INTO hours
SELECT date_trunc('hour', at), queue, name, pg_temp.sums(counts), pg_temp.sums(wait),
       pg_temp.sums(run)
FROM counted GROUP BY 1, 2, 3
ON CONFLICT (at, queue, name) DO UPDATE SET
  counts = excluded.counts, wait = excluded.wait, run = excluded.run;

INSERT INTO samples
SELECT at, queue, greatest(0, 40 + 30 * sin(extract(epoch FROM at) / 900))::integer,
       floor(random() * 20)::integer, 6 + floor(random() * 6)::integer, 120, 0,
       greatest(0.05, 2 * sin(extract(epoch FROM at) / 900) + random())
FROM made WHERE name IN ('send-mail') AND at > now() - interval '48 hours'
ON CONFLICT DO NOTHING;
