// pgjdbc against a server: all of DatabaseMetaData, types in text and binary, fetch size, batches, CopyManager, cancel.
// Argument: the address as JDBC takes it, with the user. Prints one line a part, and what was wrong; exits with 1 if anything was.

package clients;

import static clients.Checking.equal;
import static clients.Checking.execute;
import static clients.Checking.note;
import static clients.Checking.one;
import static clients.Checking.part;
import static clients.Checking.refused;

import java.io.StringReader;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.TimeZone;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PGobject;

public class PgJdbc {
    public static void main(String[] arguments) throws Exception {
        String address = arguments[0];
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        try (Connection connection = DriverManager.getConnection(address)) {
            part("tables", () -> tables(connection));
            part("metadata", () -> metadata(connection));
            part("metadata by reflection", () -> allOfMetadata(connection.getMetaData()));
            part("transactions", () -> transactions(connection));
            part("batches", () -> batches(connection));
            part("fetch size", () -> fetchSize(connection));
            part("copies", () -> copies(connection));
            part("errors", () -> errors(connection));
            part("cancel", () -> cancel(connection));
        }
        for (String options : new String[] {
            "&prepareThreshold=0", "&prepareThreshold=-1", "&prepareThreshold=1",
            "&reWriteBatchedInserts=true", "&stringtype=unspecified", "&binaryTransfer=false&prepareThreshold=1"
        }) {
            try (Connection connection = DriverManager.getConnection(address + options)) {
                part("values " + options, () -> values(connection));
                part("batches " + options, () -> batches(connection));
            }
        }
        Checking.finish();
    }

    private static void tables(Connection connection) throws SQLException {
        execute(connection,
            "CREATE SCHEMA jd",
            "CREATE TABLE jd.seen (ts timestamptz NOT NULL, flag bool, small smallint, n int, big bigint, ratio float8, real4 real,"
                + " price numeric(12,3), name text, raw bytea, day date, at time, id uuid, doc jsonb)",
            "COMMENT ON TABLE jd.seen IS 'all types'",
            "CREATE VIEW jd.named AS SELECT ts, name FROM jd.seen",
            "CREATE TABLE jd.counted (ts timestamptz, n int, name text)");
    }

    private static List<String> column(ResultSet rows, String name) throws SQLException {
        List<String> values = new ArrayList<>();
        while (rows.next()) {
            values.add(rows.getString(name));
        }
        rows.close();
        return values;
    }

    private static void metadata(Connection connection) throws SQLException {
        DatabaseMetaData metadata = connection.getMetaData();
        equal(metadata.getDatabaseProductName(), "PostgreSQL", "product");
        equal(metadata.getDatabaseMajorVersion() >= 15, true, "version");
        equal(column(metadata.getSchemas(null, "jd"), "TABLE_SCHEM"), List.of("jd"), "schemas");
        equal(column(metadata.getTables(null, "jd", "%", null), "TABLE_NAME"), List.of("counted", "seen", "named"), "tables");
        equal(column(metadata.getTables(null, "jd", "%", new String[] {"VIEW"}), "TABLE_NAME"), List.of("named"), "views");
        equal(column(metadata.getTables(null, "jd", "seen", null), "REMARKS"), List.of("all types"), "remarks");
        List<String> names = column(metadata.getColumns(null, "jd", "seen", "%"), "COLUMN_NAME");
        List<String> types = column(metadata.getColumns(null, "jd", "seen", "%"), "TYPE_NAME");
        equal(names.subList(0, 14), List.of("ts", "flag", "small", "n", "big", "ratio", "real4", "price", "name", "raw", "day", "at", "id", "doc"), "columns");
        equal(types.subList(0, 14), List.of("timestamptz", "bool", "int2", "int4", "int8", "float8", "float4", "numeric", "text", "bytea", "date", "time", "uuid", "jsonb"), "types");
        try (ResultSet price = metadata.getColumns(null, "jd", "seen", "price")) {
            price.next();
            equal(List.of(price.getInt("COLUMN_SIZE"), price.getInt("DECIMAL_DIGITS"), price.getInt("DATA_TYPE")), List.of(12, 3, Types.NUMERIC), "price");
            equal(price.getString("IS_NULLABLE"), "YES", "nullable");
        }
        try (ResultSet ts = metadata.getColumns(null, "jd", "seen", "ts")) {
            ts.next();
            equal(ts.getString("IS_NULLABLE"), "NO", "not null");
        }
        equal(new TreeSet<>(column(metadata.getTypeInfo(), "TYPE_NAME")).containsAll(List.of("int4", "text", "timestamptz", "jsonb")), true, "type info");
        equal(column(metadata.getPrimaryKeys(null, "jd", "seen"), "COLUMN_NAME"), List.of(), "keys");
        try (PreparedStatement statement = connection.prepareStatement("SELECT ts, price, name AS called, n + 1 FROM jd.seen WHERE n = ?")) {
            ResultSetMetaData columns = statement.getMetaData();
            equal(List.of(columns.getColumnName(1), columns.getColumnLabel(3), columns.getColumnTypeName(2), columns.getColumnClassName(4)),
                List.of("ts", "called", "numeric", "java.lang.Integer"), "columns of a statement");
            equal(List.of(columns.getPrecision(2), columns.getScale(2)), List.of(12, 3), "precision");
            equal(statement.getParameterMetaData().getParameterTypeName(1), "int4", "parameter");
        }
    }

    // Every method of the interface with arguments that match everything: each must answer, and each answer be read.
    private static void allOfMetadata(DatabaseMetaData metadata) throws Exception {
        int asked = 0;
        for (Method method : DatabaseMetaData.class.getMethods()) {
            Class<?>[] types = method.getParameterTypes();
            Object[] values = new Object[types.length];
            for (int at = 0; at < types.length; at++) {
                if (types[at] == String.class) {
                    boolean exact = method.getName().matches("get(PrimaryKeys|ImportedKeys|ExportedKeys|CrossReference|BestRowIdentifier|VersionColumns|IndexInfo)");
                    values[at] = at % 3 == 0 ? null : exact ? "seen" : "%";
                } else if (types[at] == int.class) {
                    values[at] = 1;
                } else if (types[at] == boolean.class) {
                    values[at] = false;
                }
            }
            if (method.getName().matches("unwrap|isWrapperFor")) {
                continue;
            }
            try {
                Object answer = method.invoke(metadata, values);
                asked += 1;
                if (answer instanceof ResultSet rows) {
                    while (rows.next()) {
                        for (int at = 1; at <= rows.getMetaData().getColumnCount(); at++) {
                            rows.getObject(at);
                        }
                    }
                    rows.close();
                }
            } catch (InvocationTargetException error) {
                // What the driver itself has not.
                String cause = String.valueOf(error.getCause());
                if (!cause.contains("is not yet implemented")) {
                    note(method.getName() + ": " + cause);
                }
            }
        }
        equal(asked > 170, true, asked + " methods asked");
    }

    private static void back(Connection connection, String kind, Object value, Class<?> as) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT ?::" + kind)) {
            // More often than any threshold, so that the statement is named and binary in the end.
            for (int again = 0; again < 3; again++) {
                if (value instanceof PGobject || value instanceof Array || !(value instanceof byte[])) {
                    statement.setObject(1, value);
                } else {
                    statement.setBytes(1, (byte[]) value);
                }
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    Object got = as == byte[].class ? rows.getBytes(1) : rows.getObject(1, as);
                    equal(got instanceof BigDecimal number ? number.stripTrailingZeros() : got,
                        value instanceof BigDecimal number ? number.stripTrailingZeros() : value, kind);
                }
            }
            statement.setNull(1, Types.NULL);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                equal(rows.getObject(1), null, kind + " null");
            }
        }
    }

    private static void values(Connection connection) throws SQLException {
        execute(connection, "SET TimeZone = 'UTC'");
        back(connection, "bool", true, Boolean.class);
        back(connection, "int2", 32767, Integer.class);
        back(connection, "int4", Integer.MIN_VALUE, Integer.class);
        back(connection, "int8", Long.MIN_VALUE, Long.class);
        back(connection, "float4", 1.5f, Float.class);
        back(connection, "float8", 0.1, Double.class);
        back(connection, "float8", Double.NEGATIVE_INFINITY, Double.class);
        back(connection, "numeric", new BigDecimal("12345678901234567890.123456789"), BigDecimal.class);
        back(connection, "text", "it's \"żółć\" 日志 \\ 🙂", String.class);
        back(connection, "bytea", new byte[] {0, -1, 39, 92}, byte[].class);
        back(connection, "date", LocalDate.of(1969, 12, 31), LocalDate.class);
        back(connection, "time", LocalTime.of(23, 59, 59, 999_999_000), LocalTime.class);
        back(connection, "timestamp", LocalDateTime.of(1969, 12, 31, 23, 59, 59, 999_999_000), LocalDateTime.class);
        back(connection, "timestamptz", OffsetDateTime.of(2026, 3, 1, 12, 0, 0, 1000, ZoneOffset.UTC), OffsetDateTime.class);
        back(connection, "timestamptz", OffsetDateTime.MAX, OffsetDateTime.class);
        back(connection, "date", Date.valueOf("2026-03-01"), Date.class);
        back(connection, "timestamp", Timestamp.valueOf("1969-12-31 23:59:59.5"), Timestamp.class);
        back(connection, "uuid", UUID.fromString("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), UUID.class);
        for (String kind : new String[] {"jsonb", "json"}) {
            try (PreparedStatement statement = connection.prepareStatement("SELECT ?::" + kind)) {
                statement.setString(1, "{\"a\": [1, null]}");
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    equal(rows.getString(1), "{\"a\": [1, null]}", kind);
                    equal(rows.getMetaData().getColumnTypeName(1), kind, kind);
                }
            }
        }
        try (PreparedStatement statement = connection.prepareStatement("SELECT ?::interval, ?::int[], ?::text[]")) {
            for (int again = 0; again < 3; again++) {
                statement.setString(1, "1 day 02:03:04.5");
                statement.setArray(2, connection.createArrayOf("int4", new Object[] {1, null, -3}));
                statement.setArray(3, connection.createArrayOf("text", new Object[] {"a", null, "b \"c\" \\", ""}));
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    equal(rows.getObject(1).toString(), "0 years 0 mons 1 days 2 hours 3 mins 4.5 secs", "interval");
                    equal(rows.getArray(2).getArray(), new Integer[] {1, null, -3}, "int[]");
                    equal(rows.getArray(3).getArray(), new String[] {"a", null, "b \"c\" \\", ""}, "text[]");
                }
            }
        }
    }

    private static void transactions(Connection connection) throws Exception {
        connection.setAutoCommit(false);
        execute(connection, "INSERT INTO jd.counted (ts, n) VALUES (now(), 1)");
        connection.rollback();
        execute(connection, "INSERT INTO jd.counted (ts, n) VALUES (now(), 2)");
        Savepoint savepoint = connection.setSavepoint("here");
        execute(connection, "INSERT INTO jd.counted (ts, n) VALUES (now(), 3)");
        connection.rollback(savepoint);
        connection.commit();
        equal(one(connection, "SELECT string_agg(n::text, ',') FROM jd.counted"), "2", "kept");
        refused("22012", () -> one(connection, "SELECT 1 / 0"));
        refused("25P02", () -> one(connection, "SELECT 1"));
        connection.rollback();
        connection.setReadOnly(true);
        equal(connection.getTransactionIsolation(), Connection.TRANSACTION_READ_COMMITTED, "isolation");
        refused("25006", () -> execute(connection, "INSERT INTO jd.counted (ts, n) VALUES (now(), 4)"));
        connection.rollback();
        connection.setReadOnly(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        equal(one(connection, "SELECT count(*) FROM jd.counted"), 1L, "repeatable read");
        connection.rollback();
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        connection.setAutoCommit(true);
        connection.setSchema("jd");
        equal(connection.getSchema(), "jd", "schema");
        equal(one(connection, "SELECT count(*) FROM counted"), 1L, "search path");
        equal(connection.isValid(5), true, "valid");
    }

    private static void batches(Connection connection) throws SQLException {
        long before = (Long) one(connection, "SELECT count(*) FROM jd.seen");
        try (PreparedStatement insert = connection.prepareStatement(
            "INSERT INTO jd.seen (ts, flag, small, n, big, ratio, real4, price, name, raw, day, at, id, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb)")) {
            for (int n = 0; n < 200; n++) {
                insert.setObject(1, OffsetDateTime.of(2026, 3, 1, 0, 0, 0, 0, ZoneOffset.UTC).plusSeconds(n));
                insert.setBoolean(2, n % 2 == 0);
                insert.setShort(3, (short) n);
                insert.setInt(4, n);
                insert.setLong(5, n * 1_000_000_000_000L);
                insert.setDouble(6, n / 4.0);
                insert.setFloat(7, n / 2f);
                insert.setBigDecimal(8, BigDecimal.valueOf(n, 3));
                insert.setString(9, n % 10 == 0 ? null : "name " + n);
                insert.setBytes(10, new byte[] {(byte) n});
                insert.setObject(11, LocalDate.of(2026, 3, 1));
                insert.setObject(12, LocalTime.NOON);
                insert.setObject(13, new UUID(0, n));
                insert.setString(14, "{\"n\": " + n + "}");
                insert.addBatch();
            }
            int[] counts = insert.executeBatch();
            equal(counts.length, 200, "counts");
        }
        equal(one(connection, "SELECT count(*) FROM jd.seen"), before + 200, "rows");
        equal(one(connection, "SELECT name FROM jd.seen WHERE id = '" + new UUID(0, 7) + "' LIMIT 1"), "name 7", "a row");
        try (PreparedStatement select = connection.prepareStatement("SELECT name FROM jd.seen WHERE id = ? AND n = ? AND ts > ? LIMIT ?")) {
            select.setObject(1, new UUID(0, 9));
            select.setInt(2, 9);
            select.setTimestamp(3, new Timestamp(0));
            select.setInt(4, 1);
            equal(column(select.executeQuery(), "name"), List.of("name 9"), "by parameters");
        }
        try (PreparedStatement bad = connection.prepareStatement("INSERT INTO jd.counted (ts, n) VALUES (now(), 1 / ?)")) {
            for (int n = 0; n < 3; n++) {
                bad.setInt(1, 1 - n);
                bad.addBatch();
            }
            try {
                bad.executeBatch();
                note("a batch with an error was accepted");
            } catch (BatchUpdateException error) {
                equal(error.getSQLState(), "22012", "batch");
            }
        }
    }

    private static void fetchSize(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(1000);
            try (ResultSet rows = statement.executeQuery("SELECT n, 'text ' || n::text FROM generate_series(1, 50000) AS t(n) ORDER BY n")) {
                long sum = 0;
                while (rows.next()) {
                    sum += rows.getInt(1);
                }
                equal(sum, 50000L * 50001 / 2, "sum");
            }
            statement.setMaxRows(7);
            equal(column(statement.executeQuery("SELECT n FROM generate_series(1, 100) AS t(n)"), "n").size(), 7, "max rows");
        }
        connection.commit();
        connection.setAutoCommit(true);
    }

    private static void copies(Connection connection) throws Exception {
        CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
        execute(connection, "CREATE TABLE jd.copied (ts timestamptz, n int, name text)");
        StringBuilder lines = new StringBuilder();
        for (int n = 0; n < 1000; n++) {
            lines.append("2026-03-01 00:00:00+00\t").append(n).append("\tname ").append(n).append('\n');
        }
        equal(copy.copyIn("COPY jd.copied (ts, n, name) FROM STDIN", new StringReader(lines.toString())), 1000L, "in");
        StringWriter out = new StringWriter();
        equal(copy.copyOut("COPY (SELECT ts, n, name FROM jd.copied ORDER BY n) TO STDOUT", out), 1000L, "out");
        equal(out.toString(), lines.toString(), "lines");
        refused("22P02", () -> copy.copyIn("COPY jd.copied (ts, n) FROM STDIN", new StringReader("2026-03-01\tx\n")));
        equal(one(connection, "SELECT count(*) FROM jd.copied"), 1000L, "kept");
    }

    private static void errors(Connection connection) throws Exception {
        refused("42P01", () -> one(connection, "SELECT * FROM jd.nothing"));
        refused("42703", () -> one(connection, "SELECT nothing FROM jd.seen"));
        refused("42601", () -> one(connection, "SELEC 1"));
        refused("22P02", () -> one(connection, "SELECT 'x'::int"));
        refused("42P07", () -> execute(connection, "CREATE TABLE jd.seen (n int)"));
    }

    private static void cancel(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            var timer = Executors.newSingleThreadScheduledExecutor();
            timer.schedule(() -> {
                statement.cancel();
                return null;
            }, 300, TimeUnit.MILLISECONDS);
            refused("57014", () -> statement.execute("SELECT pg_sleep(30)"));
            timer.shutdown();
            statement.setQueryTimeout(1);
            refused("57014", () -> statement.execute("SELECT pg_sleep(30)"));
        }
        equal(one(connection, "SELECT 1"), 1, "after");
    }
}
