/* Handshakes between a server and a client, and 10 000 references to a session. Mistakes: session, peer. */
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "library.h"

NOINLINE static X509 *certificate_new(EVP_PKEY *key) {
    X509 *certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    return certificate;
}
NOINLINE static SSL_CTX *server_new(void) {
    SSL_CTX *server = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = certificate_new(key);
    SSL_CTX_use_certificate(server, certificate);
    SSL_CTX_use_PrivateKey(server, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return server;
}
NOINLINE static void cache(SSL *ssl) {
    SSL_SESSION *session = SSL_get1_session(ssl);
    SSL_SESSION_up_ref(session);
    SSL_SESSION_free(session);
    SSL_SESSION_free(session);
}
NOINLINE static void log_keep(SSL *ssl) { /* the one */
    if (makes("session"))
        SSL_get1_session(ssl);
    if (makes("peer"))
        SSL_get1_peer_certificate(ssl);
}
NOINLINE static int connect_once(SSL_CTX *server, SSL_CTX *client, int number) {
    SSL *here = SSL_new(server), *there = SSL_new(client);
    BIO *left, *right;
    BIO_new_bio_pair(&left, 0, &right, 0);
    SSL_set_bio(here, left, left);
    SSL_set_bio(there, right, right);
    SSL_set_accept_state(here);
    SSL_set_connect_state(there);
    for (int i = 0; i < 10; i++) {
        SSL_do_handshake(there);
        SSL_do_handshake(here);
    }
    int connected = SSL_is_init_finished(here) && SSL_is_init_finished(there);
    for (int i = 0; i < 500 && connected; i++)
        cache(there);
    if (number == 7)
        log_keep(there);
    SSL_shutdown(here);
    SSL_shutdown(there);
    SSL_free(here);
    SSL_free(there);
    return connected;
}

int main(int count, char **arguments) {
    int connected = 1;
    mistake = count > 1 ? arguments[1] : "";
    SSL_CTX *server = server_new(), *client = SSL_CTX_new(TLS_client_method());
    for (int i = 0; i < 20; i++)
        connected &= connect_once(server, client, i);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    return connected ? 0 : 3;
}
