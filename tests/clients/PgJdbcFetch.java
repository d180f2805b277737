// pgjdbc reads topic logs.events, whose rows are more than the heap takes, portion by portion: in text and in binary.
// Argument: as PgJdbc. Prints one line a part, and what was wrong; exits with 1 if anything was.

package clients;

import static clients.Checking.equal;
import static clients.Checking.note;
import static clients.Checking.part;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

public class PgJdbcFetch {
    private static final int ROWS_A_FETCH = 10_000;
    private static final String EVERYTHING = "SELECT n, status, ratio, extract(epoch FROM ts)::bigint, service, trace FROM logs.events";
    // What a reader of EVERYTHING comes to: the number of rows, and a sum over each column.
    private static final String SUMS = "SELECT count(*), sum(n)::bigint, sum(status)::bigint, sum(ratio),"
        + " sum(extract(epoch FROM ts)::bigint)::bigint, sum(length(service))::bigint, sum(length(trace))::bigint FROM logs.events";

    private record Sums(long rows, long n, long status, double ratio, long seconds, long services, long traces) {}

    public static void main(String[] arguments) throws Exception {
        String address = arguments[0];
        // Of the two, the first never asks for a value in binary, the second for every value that has such a form.
        for (String options : new String[] {"&binaryTransfer=false", "&prepareThreshold=-1"}) {
            try (Connection connection = DriverManager.getConnection(address + options)) {
                part("in portions " + options, () -> equal(counted(connection), told(connection), options));
            }
        }
        part("all at once is too much", () -> {
            try (Connection connection = DriverManager.getConnection(address); Statement statement = connection.createStatement()) {
                statement.executeQuery(EVERYTHING);
                note("the heap holds all rows, so the portions have shown nothing");
            } catch (OutOfMemoryError expected) {
                System.out.println(expected);
            } catch (SQLException error) {
                // Where the driver itself sees it first.
                equal(error.getSQLState(), "53200", error.getMessage());
            }
        });
        Checking.finish();
    }

    private static Sums told(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery(SUMS)) {
            row.next();
            return new Sums(row.getLong(1), row.getLong(2), row.getLong(3), row.getDouble(4), row.getLong(5), row.getLong(6), row.getLong(7));
        }
    }

    private static Sums counted(Connection connection) throws SQLException {
        long count = 0, n = 0, status = 0, seconds = 0, services = 0, traces = 0;
        double ratio = 0;
        // Portions need a transaction: without one the driver reads all rows at once, whatever the fetch size.
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(ROWS_A_FETCH);
            try (ResultSet rows = statement.executeQuery(EVERYTHING)) {
                while (rows.next()) {
                    count += 1;
                    n += rows.getLong(1);
                    status += rows.getInt(2);
                    ratio += rows.getDouble(3);
                    seconds += rows.getLong(4);
                    services += rows.getString(5).length();
                    traces += rows.getString(6).length();
                }
            }
        }
        connection.commit();
        return new Sums(count, n, status, ratio, seconds, services, traces);
    }
}
