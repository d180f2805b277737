// What the Java programs share: checks that go on after a wrong answer.
// Invariant: a program that ends through `finish` exits with 0 only if nothing was wrong.

package clients;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Objects;

final class Checking {
    private static int wrong;

    /** Some checks that belong together. */
    interface Part {
        void run() throws Exception;
    }

    private Checking() {}

    /** Notes what is wrong. */
    static void note(String what) {
        wrong += 1;
        System.err.println(what);
    }

    /** Notes both values unless they are equal. */
    static void equal(Object got, Object wanted, String where) {
        if (!Objects.deepEquals(got, wanted)) {
            note(where + ": got " + got + ", wanted " + wanted);
        }
    }

    /** Runs a part alone: what goes wrong in it is told, and the others still run. */
    static void part(String name, Part part) {
        int before = wrong;
        try {
            part.run();
        } catch (Exception | AssertionError error) {
            String here = Checking.class.getPackageName() + ".";
            StackTraceElement own = Arrays.stream(error.getStackTrace()).filter(e -> e.getClassName().startsWith(here)).findFirst().orElse(null);
            note(name + ": " + error + " at " + own);
        }
        System.out.println((wrong == before ? "passed: " : "failed: ") + name);
    }

    /** Runs what must end with this SQLSTATE; the error. */
    static SQLException refused(String state, Part part) throws Exception {
        try {
            part.run();
        } catch (SQLException error) {
            equal(error.getSQLState(), state, error.getMessage());
            return error;
        }
        throw new AssertionError("an action was accepted, " + state + " was expected");
    }

    /** Runs statements. */
    static void execute(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** The first value of a query's first row. */
    static Object one(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getObject(1);
        }
    }

    /** Ends the program. */
    static void finish() {
        System.exit(wrong == 0 ? 0 : 1);
    }
}
