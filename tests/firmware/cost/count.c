/* A plugin of QEMU that counts instructions: those that a guest executes from each call of one function to the next call of
 * another.
 *
 *     -plugin libcount.so,from=<address>,to=<address>,counts=<file>
 *
 * The file gets a line for each such stretch. The two functions count themselves; so a caller that subtracts a stretch with
 * nothing in between is exact.
 *
 * It speaks version 1 of the interface, that of QEMU 4.2 to 8.2. Debian packages QEMU without the header, so that what is
 * used of it is declared here. A QEMU that speaks only later versions does not load it. */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plugin_block;
struct plugin_instruction;

typedef void on_block(uint64_t id, struct plugin_block *block);
typedef void on_instruction(unsigned int processor, void *data);
typedef void on_exit_of_guest(uint64_t id, void *data);

/* `enum qemu_plugin_op` and `enum qemu_plugin_cb_flags` have these as their first values. */
enum operation { ADD_U64 };
enum access { NO_REGISTERS };

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, on_block *callback);
void qemu_plugin_register_vcpu_insn_exec_cb(struct plugin_instruction *instruction, on_instruction *callback, enum access access,
                                            void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct plugin_instruction *instruction, enum operation operation, void *number,
                                                uint64_t value);
void qemu_plugin_register_atexit_cb(uint64_t id, on_exit_of_guest *callback, void *data);
size_t qemu_plugin_tb_n_insns(const struct plugin_block *block);
struct plugin_instruction *qemu_plugin_tb_get_insn(const struct plugin_block *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct plugin_instruction *instruction);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t from, to;
static uint64_t executed, begun;
static FILE *counts;

static void begin(unsigned int processor, void *data) {
    (void)processor, (void)data;
    begun = executed;
}

static void end(unsigned int processor, void *data) {
    (void)processor, (void)data;
    fprintf(counts, "%" PRIu64 "\n", executed - begun);
}

static void translated(uint64_t id, struct plugin_block *block) {
    (void)id;
    for (size_t index = 0; index < qemu_plugin_tb_n_insns(block); index++) {
        struct plugin_instruction *instruction = qemu_plugin_tb_get_insn(block, index);
        uint64_t address = qemu_plugin_insn_vaddr(instruction);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD_U64, &executed, 1);
        if (address == from)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, begin, NO_REGISTERS, NULL);
        if (address == to)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, end, NO_REGISTERS, NULL);
    }
}

static void ended(uint64_t id, void *data) {
    (void)id, (void)data;
    if (fclose(counts) != 0)
        perror("counts");
}

/* The value of `name=value`, or NULL where the argument is another. */
static const char *value(const char *argument, const char *name) {
    size_t length = strlen(name);
    return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

__attribute__((visibility("default"))) int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv) {
    const char *file = NULL;
    (void)info;
    for (int index = 0; index < argc; index++) {
        const char *text;
        if ((text = value(argv[index], "from")))
            from = strtoull(text, NULL, 0);
        else if ((text = value(argv[index], "to")))
            to = strtoull(text, NULL, 0);
        else if ((text = value(argv[index], "counts")))
            file = text;
    }
    if (!from || !to || !file || !(counts = fopen(file, "w"))) {
        fprintf(stderr, "count: needs from, to and counts, a file that can be written\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
