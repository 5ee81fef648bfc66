/* purpose: a program that keeps the right to become another user alone, as dnsmasq does, leaves its recording, which takes the
 *          place of that of a scan before, and so does the child that it forks then
 * expect: lost=2/70
 * child: lost=1/24
 * needs: root
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../../preload/castaway.h"
#include "child.h"

static int keep_right(unsigned right) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
        {.effective = 1u << right, .permitted = 1u << right}};

    return (int)syscall(SYS_capset, &header, data);
}

int main(void) {
    drop(30);
    clobber_stack();
    if (castaway_is_active() && castaway_check() != 1)
        return 2;
    drop(40);
    if (setgid(65534) || keep_right(CAP_SETUID) || setuid(65534))
        return 1;
    int status = child_drops(24);
    clobber_stack();
    return status != 0;
}
