#include <openssl/x509.h>

#define OBJECT X509
#define MAKE X509_new
#define TAKE X509_up_ref
#define GIVE X509_free
#include "missing.h"
