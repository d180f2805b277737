#!/bin/sh
# Makes the certificates of tests/tls.rs again: two CAs, a server of each (localhost, 127.0.0.1), a client of the first.
# Keys of nothing that matters; they are good for a hundred years.
set -eu
cd "$(dirname "$0")"
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
for ca in first second; do
    openssl req -x509 $key -days 36500 -subj "/CN=$ca test CA" -keyout $ca-ca.key -out $ca-ca.pem
    openssl req -x509 $key -days 36500 -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
        -addext "basicConstraints=critical,CA:FALSE" -CA $ca-ca.pem -CAkey $ca-ca.key -keyout $ca-server.key -out $ca-server.pem
done
openssl req -x509 $key -days 36500 -subj "/CN=ann" -addext "basicConstraints=critical,CA:FALSE" \
    -addext "extendedKeyUsage=clientAuth" -CA first-ca.pem -CAkey first-ca.key -keyout client.key -out client.pem
rm first-ca.key second-ca.key
