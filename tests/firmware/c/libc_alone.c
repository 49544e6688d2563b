#include "libc.h"

int main(void)
{
    libc_lines();
    return 0;
}
