#include <dbus/dbus.h>

#define OBJECT DBusMessage
#define MAKE() dbus_message_new_signal("/session", "org.example.Session", "Closed")
#define TAKE dbus_message_ref
#define GIVE dbus_message_unref
#include "missing.h"
