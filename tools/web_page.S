/* web_page.S - the page that html.c writes, as the build assembled it: build/web/page.html, with a NUL behind it. */
    .section .rodata
    .global web_page
    .type web_page, %object
web_page:
    .incbin "page.html"
    .byte 0
    .size web_page, . - web_page
    .section .note.GNU-stack, "", %progbits
