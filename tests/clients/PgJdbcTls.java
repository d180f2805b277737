// pgjdbc over TLS with sslmode=verify-full: the right authority, the wrong one, another name, a client's certificate.
// Arguments: as PgJdbc, then the folder of certificates, one for files, and the password.
// Prints one line a part, and what was wrong; exits with 1 if anything was.

package clients;

import static clients.Checking.equal;
import static clients.Checking.one;
import static clients.Checking.part;
import static clients.Checking.refused;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Base64;
import java.util.Properties;

public class PgJdbcTls {
    public static void main(String[] arguments) throws Exception {
        String address = arguments[0];
        // The driver takes a private key in binary only.
        Path key = Path.of(arguments[2], "client.pk8");
        String pem = Files.readString(Path.of(arguments[1], "client.key"));
        Files.write(key, Base64.getMimeDecoder().decode(pem.replaceAll("-----.*-----", "")));
        Properties verified = new Properties();
        verified.setProperty("password", arguments[3]);
        verified.setProperty("sslmode", "verify-full");
        verified.setProperty("sslrootcert", arguments[1] + "/first-ca.pem");
        verified.setProperty("sslcert", arguments[1] + "/client.pem");
        verified.setProperty("sslkey", key.toString());
        part("verified", () -> {
            try (Connection connection = DriverManager.getConnection(address, verified)) {
                equal(one(connection, "SELECT sum(n)::bigint FROM generate_series(1, 100000) AS t(n)"), 5_000_050_000L, "a query");
            }
        });
        part("another authority", () -> fails(address, verified, "sslrootcert", arguments[1] + "/second-ca.pem", "08006", "PKIX path"));
        // The certificate is for localhost, and for 127.0.0.1; `elsewhere` is the same machine by another name.
        part("another name", () -> fails(address.replace("localhost", "elsewhere"), verified, "ApplicationName", "any", "08006", "elsewhere"));
        part("another password", () -> fails(address, verified, "password", "wrong", "28P01", "password authentication failed"));
        part("no certificate", () -> fails(address, verified, "sslcert", "/nowhere", "08006", ""));
        Checking.finish();
    }

    private static void fails(String address, Properties properties, String name, String value, String state, String words) throws Exception {
        Properties changed = new Properties();
        changed.putAll(properties);
        changed.setProperty(name, value);
        SQLException error = refused(state, () -> DriverManager.getConnection(address, changed).close());
        equal(error.getMessage().contains(words), true, error.getMessage());
    }
}
