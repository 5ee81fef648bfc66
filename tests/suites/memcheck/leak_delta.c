/* blocks that are lost and found again between checks, because the only pointer moves before their start and back
 * run: | lost=3/117 leaked=3/117 reachable=3/64 possible=0/0
 */
#include <stdio.h>
#include <stdlib.h>
int castaway_api_check(void) __attribute__((weak));
char *block10, *block21, *blocks3[2], *blocks4[2];
static int failures;
static void expect_lost(int count) {
    if (castaway_api_check && castaway_api_check() != count)
        failures++;
}
void all(void);
void all(void) {
    block10 = malloc(10);
    expect_lost(0);
    block10--;
    block21 = malloc(21);
    expect_lost(1);
    for (int i = 0; i < 2; i++)
        blocks3[i] = malloc((size_t)(32 + i));
    expect_lost(1);
    block10++;
    expect_lost(0);
    block10--;
    expect_lost(1);
    block10++;
    expect_lost(0);
    blocks3[0]--;
    expect_lost(1);
    for (int i = 0; i < 2; i++)
        blocks4[i] = malloc((size_t)(42 + i));
    blocks4[0]--;
    expect_lost(2);
    blocks4[1]--;
    expect_lost(3);
}
int main(void) {
    all();
    return failures;
}
