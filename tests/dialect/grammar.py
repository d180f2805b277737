"""The grammar: expressions by type, each a short text and the types it is made of.

A production is a text in which `{type}` stands for an expression of that type and `[type]` for a literal or a column of it. What
has no fixed answer (time of day, chance, order of hashing) is not here.
"""

# What an expression ends in, where no column is taken.
LITERALS = {
    "bool": ["true", "false", "NULL::bool", "'yes'::bool", "'off'::boolean", "(1 = 1)"],
    "int2": ["1::smallint", "(-7)::int2", "32767::smallint", "'12'::int2", "0::smallint", "NULL::int2"],
    "int4": ["0", "1", "2", "7", "(-3)", "42", "100", "2147483647", "(-2147483648)", "NULL::int", "'17'::int", "1000000"],
    "int8": ["1::bigint", "5000000000", "(-9)::int8", "9223372036854775807", "NULL::bigint", "'77'::bigint", "0::int8"],
    "float4": ["1.5::real", "'-2.25'::float4", "0::real", "1e10::real", "'NaN'::real"],
    "float8": ["0.5::float8", "2::double precision", "(-1.25)::float8", "1e100::float8", "'Infinity'::float8", "'NaN'::float8", "0::float8",
               "NULL::float8", "3.14159::float8", "1e-5::float8"],
    "numeric": ["1.5", "0.05", "(-2.75)", "100.00", "12.345", "3::numeric", "'7.10'::numeric", "NULL::numeric", "99.99::numeric(10,2)", "0.0",
                "123456789.123", "10::numeric(5,1)"],
    "text": ["'abc'", "'Hello World'", "''", "'  pad '", "'ÄÖü'", "'a,b,c'", "NULL::text", "'x'::text", "'100%'", "'it''s'", "E'a\\\\b'",
             "'The quick brown fox'", "'日本語'", "'foo_bar'", "$$dollar$$"],
    "bytea": ["'\\x00ff10'::bytea", "'abc'::bytea", "'\\x'::bytea", "NULL::bytea", "decode('deadbeef', 'hex')"],
    "date": ["date '2024-02-29'", "'2023-12-31'::date", "date '1999-01-08'", "date '1969-12-31'", "NULL::date", "date '2000-01-01'"],
    "time": ["time '12:34:56'", "'23:59:59.5'::time", "time '00:00'", "NULL::time", "time '04:05:06.789'"],
    "timestamp": ["timestamp '2024-02-29 12:34:56'", "'2023-01-01 00:00:00'::timestamp", "timestamp '1969-07-20 20:17:40.5'",
                  "NULL::timestamp", "timestamp '2001-02-16 20:38:40'"],
    "timestamptz": ["timestamptz '2024-03-10 08:30:00+00'", "'2023-06-15 12:00:00+02'::timestamptz",
                    "timestamp with time zone '1965-05-05 05:05:05.055+00'", "NULL::timestamptz", "timestamptz '2024-12-31 23:59:59.999999Z'"],
    "interval": ["interval '1 day'", "interval '1 hour 30 minutes'", "'2 months'::interval", "interval '-3 days'", "interval '1 year 2 mons'",
                 "interval '90 seconds'", "NULL::interval", "interval '1 day 02:03:04.5'", "interval '1 week'", "INTERVAL '36 hours'"],
    "uuid": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12'::uuid", "NULL::uuid",
             "uuid '00000000-0000-0000-0000-000000000000'"],
    "jsonb": ["'{\"a\": 1, \"b\": [1, 2, {\"c\": \"x\"}]}'::jsonb", "'[1, \"two\", null, true]'::jsonb", "'{\"k\": \"v\", \"n\": null}'::jsonb",
              "'\"text\"'::jsonb", "'{}'::jsonb", "NULL::jsonb", "'12.50'::jsonb", "jsonb '{\"b\": {\"deep\": [10, 20]}, \"a\": 1.0}'"],
    "int4[]": ["ARRAY[1, 2, 3]", "'{4,5,NULL}'::int[]", "ARRAY[7]", "ARRAY[3, 1, 2]", "'{}'::int[]", "NULL::int[]"],
    "text[]": ["ARRAY['a', 'b']", "'{x,\"y z\",NULL}'::text[]", "ARRAY['one', 'two', 'three']", "string_to_array('p,q,r', ',')", "'{}'::text[]"],
}

# The columns of the table of samples, by type; see `SETUP` in generate.py.
COLUMNS = {
    "bool": ["ok"], "int2": ["small"], "int4": ["id", "n"], "int8": ["big"], "float8": ["ratio"], "numeric": ["price"],
    "text": ["name", "note"], "bytea": ["raw"], "date": ["day"], "timestamp": ["local"], "timestamptz": ["ts"], "uuid": ["key"],
    "jsonb": ["doc"],
}

COMPARED = ["int4", "int8", "float8", "numeric", "text", "date", "time", "timestamp", "timestamptz", "interval", "uuid", "bool", "bytea"]
ANY = COMPARED + ["int2", "jsonb", "int4[]", "text[]"]

EXPRESSIONS = {
    "bool": (
        [f"{{{t}}} {op} {{{t}}}" for t in COMPARED for op in ("=", "<>", "<", ">=")]
        + [f"({{{t}}} IS NULL)" for t in ANY] + [f"({{{t}}} IS NOT NULL)" for t in COMPARED]
        + [f"{{{t}}} BETWEEN [{t}] AND [{t}]" for t in ("int4", "numeric", "text", "date", "timestamp", "interval")]
        + [f"{{{t}}} IN ([{t}], [{t}], [{t}])" for t in ("int4", "text", "date", "uuid", "numeric")]
        + [f"{{{t}}} NOT IN ([{t}], [{t}])" for t in ("int4", "text")]
        + [f"({{{t}}} IS DISTINCT FROM {{{t}}})" for t in ("int4", "text", "date", "bool", "numeric")]
        + ["({bool} AND {bool})", "({bool} OR {bool})", "(NOT {bool})", "({bool} IS TRUE)", "({bool} IS NOT FALSE)", "({bool} IS UNKNOWN)"]
        + ["{text} LIKE 'a%'", "{text} ILIKE '%O%'", "{text} NOT LIKE '_b%'", "{text} ~ '[a-c]+'", "{text} ~* '^H'", "{text} !~ 'x$'",
           "{text} SIMILAR TO '%(b|d)%'", "starts_with({text}, 'a')", "{text} LIKE '100!%' ESCAPE '!'"]
        + ["{int4} = ANY ({int4[]})", "{text} = ANY ({text[]})", "{int4} > ALL ({int4[]})", "{int4[]} @> ARRAY[1]", "{int4[]} && {int4[]}",
           "{int4[]} <@ ARRAY[1, 2, 3, 4]", "{int4[]} = {int4[]}", "{text[]} @> ARRAY['a']"]
        + ["{jsonb} @> '{\"a\": 1}'", "{jsonb} ? 'a'", "{jsonb} ?| ARRAY['k', 'b']", "{jsonb} ?& ARRAY['a', 'b']", "'{\"a\": 1}'::jsonb <@ {jsonb}",
           "{jsonb} = '{}'::jsonb"]
        + ["({date}, {int4}) < (date '2020-01-01', 5)", "({int4}, {text}) = (1, 'abc')", "{int4} = {int8}", "{int4} < {numeric}",
           "{int8} > {float8}", "{date} < {timestamp}", "isfinite({date})", "{date} > '2020-01-01'", "{timestamptz} < '2024-06-01'",
           "{timestamp} >= '2001-02-16 20:38:40'", "{interval} > '1 hour'", "{int4} = '7'", "{numeric} < '2.5'", "{text} = 7::text", "{time} < '12:00'",
           "{uuid} = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "{timestamp} < {timestamptz}",
           "({timestamp}, interval '1 day') OVERLAPS (timestamp '2024-02-29', interval '2 days')"]
    ),
    "int2": ["{int2} + {int2}", "{int2} * 2::int2", "-{int2}", "abs({int2})", "{int4}::smallint", "({int2} % 5::int2)"],
    "int4": (
        ["{int4} + {int4}", "{int4} - {int4}", "{int4} * {int4}", "{int4} / {int4}", "{int4} % {int4}", "-({int4})", "abs({int4})",
         "{int2} + {int4}", "{int4} & {int4}", "{int4} | 8", "{int4} # 5", "~{int4}", "{int4} << 2", "{int4} >> 1", "mod({int4}, [int4])",
         "gcd({int4}, 12)", "lcm({int4}, 6)", "div({int4}, 3)::int", "sign({int4})::int", "width_bucket({numeric}, 0, 100, 5)"]
        + ["length({text})", "char_length({text})", "octet_length({text})", "bit_length({text})", "position('b' in {text})", "strpos({text}, 'o')",
           "ascii({text})", "length({bytea})", "{text}::int", "{numeric}::int", "{float8}::int", "{bool}::int", "{int8}::int4",
           "CAST({numeric} AS integer)"]
        + ["{date} - {date}", "extract(year from {date})::int", "date_part('month', {timestamp})::int", "extract(dow from {timestamp})::int",
           "extract(isodow from {date})::int", "extract(week from {date})::int", "extract(doy from {timestamptz})::int"]
        + ["array_length({int4[]}, 1)", "cardinality({text[]})", "({int4[]})[1]", "({int4[]})[2]", "array_upper({int4[]}, 1)",
           "array_lower({text[]}, 1)", "array_position({int4[]}, 3)", "array_ndims({int4[]})", "jsonb_array_length({jsonb})",
           "({jsonb} ->> 'a')::int", "({jsonb} -> 'b' ->> 0)::int", "coalesce({int4}, {int4})", "nullif({int4}, [int4])",
           "greatest({int4}, {int4}, [int4])", "least({int4}, {int4})", "CASE WHEN {bool} THEN {int4} ELSE {int4} END",
           "CASE {int4} WHEN 1 THEN 10 WHEN 2 THEN 20 ELSE [int4] END", "num_nulls({int4}, {text}, {date})", "(SELECT {int4})",
           "factorial(5)::int", "scale({numeric})", "regexp_count({text}, 'o')", "date_part('hour', {time})::int", "bit_count({bytea})::int",
           "get_byte({bytea}, 0)"]
    ),
    "int8": ["{int8} + {int8}", "{int8} - {int8}", "{int8} * 2", "{int8} / {int4}", "{int8} % 1000", "{int4}::bigint", "{int4} + {int8}",
             "abs({int8})", "{int8} * {int8}", "extract(epoch from {timestamptz})::bigint", "{text}::int8", "{float8}::bigint",
             "coalesce({int8}, 0)", "-{int8}", "{numeric}::bigint", "floor({float8})::bigint", "({int8} << 3)", "greatest({int8}, {int4})"],
    "float4": ["{float4} + {float4}", "{float4} * 2::real", "{float8}::real", "abs({float4})", "{int4}::real"],
    "float8": ["{float8} + {float8}", "{float8} * {float8}", "{float8} - {float8}", "{float8} / {float8}", "-{float8}", "abs({float8})",
               "sqrt({float8})", "round({float8})", "floor({float8})", "ceil({float8})", "ceiling({float8})", "trunc({float8})",
               "sign({float8})", "power({float8}, 2)", "{float8} ^ 2", "exp({float8})", "ln({float8})", "log({float8})", "sin({float8})",
               "cos({float8})", "tan({float8})", "asin({float8})", "atan2({float8}, {float8})", "degrees({float8})", "radians({float8})", "pi()",
               "cbrt({float8})", "|/ {float8}", "||/ {float8}", "@ {float8}", "{int4}::float8", "{numeric}::float8", "{text}::float8",
               "{float8} + {int4}", "{numeric} * {float8}", "extract(epoch from {timestamp})::float8", "date_part('epoch', {interval})",
               "date_part('second', {timestamp})", "coalesce({float8}, {float8})", "greatest({float8}, {float8})", "{float4} + {float8}",
               "CASE WHEN {bool} THEN {float8} END", "cot({float8})", "sinh({float8})", "tanh({float8})", "{float4}::float8"],
    "numeric": ["{numeric} + {numeric}", "{numeric} - {numeric}", "{numeric} * {numeric}", "{numeric} / {numeric}", "{numeric} % {numeric}",
                "-{numeric}", "abs({numeric})", "round({numeric})", "round({numeric}, 1)", "round({numeric}, 2)", "trunc({numeric})",
                "trunc({numeric}, 1)", "floor({numeric})", "ceil({numeric})", "sign({numeric})", "{int4} + {numeric}", "{numeric} * {int4}",
                "{int8}::numeric", "{int4}::numeric", "{numeric}::numeric(12,2)", "{float8}::numeric(10,3)", "{text}::numeric", "mod({numeric}, 3)",
                "div({numeric}, 2)", "extract(epoch from {timestamptz})", "extract(second from {time})", "extract(year from {timestamp})",
                "extract(epoch from {interval})", "extract(day from {interval})", "coalesce({numeric}, 0)", "greatest({numeric}, {int4})",
                "{int4}::numeric / 4", "sqrt({numeric})", "power({numeric}, 2)", "round({numeric} / 3, 4)", "({jsonb} ->> 'a')::numeric",
                "CASE WHEN {bool} THEN {numeric} ELSE 0 END", "least({numeric}, [numeric])", "extract(microseconds from {time})",
                "extract(quarter from {date})", "extract(century from {date})", "extract(milliseconds from {timestamp})", "ln({numeric})",
                "exp(1.0)", "log(100.0)", "round({float8}::numeric, 2)", "to_number('12,454.8-', '99G999D9S')", "trim_scale({numeric})"],
    "text": (
        ["{text} || {text}", "{text} || {int4}", "{int4} || {text}", "upper({text})", "lower({text})", "initcap({text})", "trim({text})",
         "ltrim({text})", "rtrim({text})", "btrim({text}, 'ax')", "trim(both 'x' from {text})", "trim(leading from {text})",
         "substring({text} from 2 for 3)", "substring({text} from 2)", "substr({text}, 2, 2)", "substr({text}, 3)", "left({text}, 2)",
         "right({text}, 3)", "left({text}, -1)", "lpad({text}, 8, '*')", "rpad({text}, 6)", "repeat({text}, 2)", "replace({text}, 'o', '0')",
         "reverse({text})", "translate({text}, 'abo', 'xyz')", "split_part({text}, ',', 2)", "split_part({text}, ',', -1)",
         "concat({text}, {int4}, {bool})", "concat_ws('-', {text}, {text}, {int4})", "md5({text})", "chr(65)", "overlay({text} placing 'ZZ' from 2)",
         "overlay({text} placing 'Q' from 1 for 2)", "quote_literal({text})", "quote_ident({text})", "quote_nullable({text})",
         "format('%s=%s', {text}, {int4})", "format('%I.%L', 'Ab', {text})", "format('%5s|%-5s|', {text}, {text})", "to_hex({int4})",
         "substring({text} from '[a-z]+')", "regexp_replace({text}, '[aeiou]', '#', 'g')", "regexp_replace({text}, '(\\w)(\\w)', '\\2\\1')",
         "regexp_substr({text}, '[a-z]+')", "encode({bytea}, 'hex')", "encode({bytea}, 'base64')", "encode({bytea}, 'escape')",
         "array_to_string({int4[]}, ',')", "array_to_string({text[]}, '-', '?')", "({text[]})[1]", "({text[]})[2]"]
        + [f"{{{t}}}::text" for t in ANY] + [f"CAST({{{t}}} AS varchar)" for t in ("int4", "date", "numeric", "bool")]
        + ["{text}::varchar(3)", "{text}::char(5)", "{jsonb} ->> 'a'", "{jsonb} ->> 'b'", "{jsonb} #>> '{b,0}'", "{jsonb} ->> 0", "jsonb_typeof({jsonb})",
           "coalesce({text}, 'none')", "nullif({text}, 'abc')", "greatest({text}, {text})", "CASE WHEN {bool} THEN {text} ELSE {text} END",
           "to_char({timestamp}, 'YYYY-MM-DD HH24:MI:SS')", "to_char({date}, 'Day, DD Month YYYY')", "to_char({timestamp}, 'FMDay, FMDD FMMonth')",
           "to_char({timestamptz}, 'HH12:MI AM, Dy Mon')", "to_char({timestamp}, 'IYYY-IW-ID')", "to_char({timestamp}, 'DDD Q WW J')",
           "to_char({timestamp}, 'MS US SSSS')", "to_char({interval}, 'HH24:MI:SS')", "to_char({int4}, '999,999')", "to_char({int4}, 'FM000000')",
           "to_char({numeric}, '9990.99')", "to_char({numeric}, 'FM999990.00')", "to_char({numeric}, 'S999.9')", "to_char({float8}, 'FM9999.99')",
           "to_char({int4}, '9999PR')", "to_char(12, 'RN')", "to_char({date}, 'DDth MON yy')", "to_char({timestamp}, '\"at\" HH24\"h\"')",
           "pg_typeof({int4})::text", "pg_typeof({numeric})::text", "pg_typeof({date} - {date})::text", "pg_typeof({timestamp} - {timestamp})::text",
           "to_char({timestamptz}, 'TZ')", "unistr('d\\0061t')", "(regexp_match({text}, '[a-z]+'))[1]",
           "(SELECT string_agg(w, ',' ORDER BY w DESC) FROM unnest({text[]}) AS w)"]
    ),
    "bytea": ["{bytea} || {bytea}", "substring({bytea} from 2 for 1)", "decode('616263', 'hex')", "convert_to({text}, 'UTF8')",
              "set_byte('\\x1234'::bytea, 0, 255)", "sha256({bytea})", "decode('YWJj', 'base64')", "coalesce({bytea}, '\\x')"],
    "date": ["{date} + {int4}", "{date} - 7", "{date} + 1", "{timestamp}::date", "{timestamptz}::date", "make_date(2024, 5, [int4])",
             "to_date('2024-05-17', 'YYYY-MM-DD')", "to_date('17 May 2024', 'DD Mon YYYY')", "date_trunc('month', {date})::date",
             "coalesce({date}, date '2000-01-01')", "greatest({date}, {date})", "'2024-02-30'::date", "(SELECT max(x) FROM (VALUES ({date}), ({date})) v(x))",
             "CASE WHEN {bool} THEN {date} END", "to_date('20240229', 'YYYYMMDD')"],
    "time": ["{timestamp}::time", "{time} + {interval}", "{time} - interval '10 minutes'", "make_time(8, 15, 23.5)", "date_trunc('minute', {time})::time",
             "coalesce({time}, time '01:02')", "{time}::time(0)", "greatest({time}, {time})"],
    "timestamp": ["{timestamp} + {interval}", "{timestamp} - {interval}", "{date} + {interval}", "{date} + {time}", "date_trunc('hour', {timestamp})",
                  "date_trunc('week', {timestamp})", "date_trunc('quarter', {timestamp})", "date_trunc('year', {timestamp})", "{date}::timestamp",
                  "date_bin('15 minutes', {timestamp}, timestamp '2001-01-01')", "date_bin(interval '1 hour', {timestamp}, timestamp '2000-01-01 00:10')",
                  "make_timestamp(2024, 2, 29, 8, 15, 23.5)", "{timestamptz} AT TIME ZONE 'UTC'", "{timestamptz} AT TIME ZONE 'America/New_York'",
                  "{timestamptz}::timestamp", "coalesce({timestamp}, {timestamp})", "to_timestamp('05 Dec 2000 13:05', 'DD Mon YYYY HH24:MI')::timestamp",
                  "least({timestamp}, {timestamp})", "{timestamp}::timestamp(0)", "{interval} + {timestamp}", "date_trunc('decade', {timestamp})"],
    "timestamptz": ["{timestamptz} + {interval}", "{timestamptz} - {interval}", "date_trunc('day', {timestamptz})", "date_trunc('month', {timestamptz})",
                    "{timestamp} AT TIME ZONE 'Europe/Berlin'", "{timestamp}::timestamptz", "{date}::timestamptz", "to_timestamp(1700000000)",
                    "to_timestamp({float8})", "to_timestamp('2024-05-17 10:00', 'YYYY-MM-DD HH24:MI')", "timezone('UTC', {timestamp})",
                    "date_bin('5 min', {timestamptz}, timestamptz '2000-01-01+00')", "coalesce({timestamptz}, timestamptz '2000-01-01+00')",
                    "greatest({timestamptz}, {timestamptz})", "date_trunc('day', {timestamptz}, 'Asia/Tokyo')",
                    "make_timestamptz(2024, 2, 29, 8, 15, 23.5)"],
    "interval": ["{interval} + {interval}", "{interval} - {interval}", "{interval} * 2", "{interval} / 2", "-{interval}", "{interval} * 1.5",
                 "{timestamp} - {timestamp}", "{timestamptz} - {timestamptz}", "age({timestamp}, {timestamp})", "age({timestamptz}, {timestamptz})",
                 "make_interval(days => 10)", "make_interval(hours => 1, mins => 30)", "justify_days({interval})", "justify_hours({interval})",
                 "justify_interval({interval})", "{time} - {time}", "{time}::interval", "coalesce({interval}, interval '0')", "{int4} * interval '1 minute'",
                 "({int4} || ' hours')::interval", "date_trunc('hour', {interval})", "greatest({interval}, {interval})", "interval '1' day",
                 "interval '2' hour", "interval '1-2' year to month", "interval 'P1DT2H'", "({date} - date '2000-01-01') * interval '1 day'"],
    "uuid": ["{text}::uuid", "coalesce({uuid}, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')", "CASE WHEN {bool} THEN {uuid} ELSE {uuid} END"],
    "jsonb": ["{jsonb} -> 'a'", "{jsonb} -> 'b'", "{jsonb} -> 0", "{jsonb} -> -1", "{jsonb} #> '{b,2}'", "{jsonb} || {jsonb}", "{jsonb} - 'a'",
              "{jsonb} || '{\"z\": 1}'", "to_jsonb({int4})", "to_jsonb({text})", "to_jsonb({numeric})", "to_jsonb({bool})", "to_jsonb({int4[]})",
              "to_jsonb({timestamp})", "jsonb_build_object('a', {int4}, 'b', {text})", "jsonb_build_array({int4}, {text}, {bool}, NULL)",
              "jsonb_set({jsonb}, '{a}', '9')", "jsonb_set({jsonb}, '{new}', '\"x\"', true)", "jsonb_strip_nulls({jsonb})", "coalesce({jsonb}, '[]')",
              "jsonb_extract_path({jsonb}, 'b', '0')", "{text[]}::text::jsonb", "to_jsonb({text[]})", "jsonb_path_query_first({jsonb}, '$.b[0]')",
              "jsonb_insert({jsonb}, '{b,0}', '0')", "jsonb_object('{a,1,b,2}')", "{jsonb} #- '{b,0}'", "jsonb_path_query_array({jsonb}, '$.*')"],
    "int4[]": ["{int4[]} || {int4}", "{int4[]} || {int4[]}", "{int4} || {int4[]}", "array_append({int4[]}, {int4})", "array_prepend({int4}, {int4[]})",
               "array_cat({int4[]}, {int4[]})", "array_remove({int4[]}, 1)", "array_replace({int4[]}, 1, 9)", "({int4[]})[1:2]", "({int4[]})[2:]",
               "ARRAY[{int4}, {int4}]", "array(SELECT generate_series(1, 4))", "array(SELECT x * 2 FROM generate_series(1, 3) AS x ORDER BY x DESC)",
               "array_fill(7, ARRAY[3])", "array_positions({int4[]}, 1)", "'{1,2}'::int[]", "ARRAY[[1, 2], [3, 4]]", "coalesce({int4[]}, '{}')",
               "trim_array({int4[]}, 1)", "ARRAY[{int4}]::int[]", "string_to_array('1,2,3', ',')::int[]"],
    "text[]": ["{text[]} || {text}", "{text[]} || {text[]}", "array_append({text[]}, {text})", "string_to_array({text}, ',')",
               "regexp_split_to_array({text}, '\\s+')", "array_remove({text[]}, 'a')", "ARRAY[{text}, {text}]", "{int4[]}::text[]",
               "regexp_match({text}, '(\\w)(\\w)')", "string_to_array({text}, NULL)", "array_replace({text[]}, 'a', 'z')",
               "string_to_array({text}, ' ', 'World')"],
}
# Aggregates over the table of samples: `{type}` is an expression over its columns.
AGGREGATES = [
    "count(*)", "count({int4})", "count(DISTINCT {text})", "count(DISTINCT {int4})", "sum({int4})", "sum({int8})", "sum({numeric})",
    "sum({float8})", "avg({int4})", "avg({numeric})", "avg({float8})", "min({int4})", "max({text})", "min({date})", "max({timestamptz})",
    "max({numeric})", "min({uuid}::text)", "bool_and({bool})", "bool_or({bool})", "every({bool})", "string_agg({text}, ',' ORDER BY id)",
    "string_agg(DISTINCT {text}, ';' ORDER BY {text})", "array_agg({int4} ORDER BY id)", "array_agg({text} ORDER BY id DESC)",
    "array_agg(DISTINCT {int4})", "jsonb_agg({int4} ORDER BY id)", "jsonb_agg({text} ORDER BY id)", "jsonb_object_agg(id, {text})",
    "bit_and({int4})", "bit_or({int4})", "stddev({float8})", "var_pop({float8})", "variance({float8})", "stddev_pop({float8})",
    "corr({float8}, id)", "covar_pop({float8}, id)", "regr_slope({float8}, id)", "percentile_cont(0.5) WITHIN GROUP (ORDER BY {float8})",
    "percentile_cont(0.9) WITHIN GROUP (ORDER BY {int4})", "percentile_disc(0.5) WITHIN GROUP (ORDER BY {int4})",
    "mode() WITHIN GROUP (ORDER BY {text})", "count(*) FILTER (WHERE {bool})", "sum({int4}) FILTER (WHERE {bool})",
    "round(avg({int4}), 2)", "round(avg({numeric}), 3)", "max({int8}) - min({int8})", "sum({numeric}) * 2", "sum({interval})", "min({timestamp})",
    "max({interval})", "coalesce(sum({int4}), 0)", "avg({int8})", "min({time})", "array_agg({date} ORDER BY id)", "bit_xor({int4})",
    "percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY {float8})", "array_to_string(array_agg({int4} ORDER BY id), '/')",
]

WINDOWS = [
    "row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "ntile(3)", "lag({int4})", "lag({text}, 2)", "lag(id, 1, 0)",
    "lead({int4})", "lead({date}, 1)", "first_value({text})", "last_value({int4})", "nth_value({int4}, 2)", "sum({int4})", "sum({numeric})", "count(*)",
    "avg({float8})", "min({int4})", "max({date})", "count({text})", "string_agg(name, ',')", "array_agg(id)", "avg({int4})", "bool_or({bool})",
    "sum(id) FILTER (WHERE {bool})",
]
