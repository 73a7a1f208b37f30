/* blocks.c: a QEMU plugin that counts how often each translated block runs.
 *
 *   cc -O2 -shared -fPIC -o blocks.so blocks.c
 *   qemu-aarch64 -plugin blocks.so,out=FILE[,mark=ADDRESS] PROGRAM...
 *
 * FILE gets a line for each segment and block that ran in it:
 *
 *   SEGMENT COUNT ADDRESS WORDS
 *
 * where WORDS are the block's instructions, eight hex digits each. The first
 * segment is 0; a new one begins whenever the instruction at ADDRESS runs.
 * Counts are exact for a program that computes on one thread.
 *
 * Debian's qemu-user 7.2 comes without qemu-plugin.h, so that what is used of
 * it is declared here, for version 1 of the interface. It was tried with 7.2; a
 * QEMU that no longer knows that version refuses the plugin when it loads it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum { QEMU_PLUGIN_CB_NO_REGS = 0 };
enum { QEMU_PLUGIN_INLINE_ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
	void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *,
	void (*)(unsigned int, void *), int flags, void *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *,
	int op, void *counter, uint64_t add);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t,
	void (*)(qemu_plugin_id_t, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

struct block {
	struct block *next;
	uint64_t count, written; /* executions, and those of earlier segments */
	uint64_t address;
	size_t n;
	uint32_t words[];
};

static struct block *blocks;
static FILE *out;
static uint64_t segment, mark;

/* write_segment writes what ran since the last one. */
static void write_segment(void)
{
	for (struct block *b = blocks; b; b = b->next) {
		if (b->count == b->written)
			continue;
		fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIx64 " ", segment, b->count - b->written, b->address);
		for (size_t i = 0; i < b->n; i++)
			fprintf(out, "%08" PRIx32, b->words[i]);
		fputc('\n', out);
		b->written = b->count;
	}
	segment++;
}

static void marked(unsigned int vcpu, void *data)
{
	(void)vcpu, (void)data;
	write_segment();
}

/* QEMU holds its translation lock here: no two threads translate at a time. */
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	size_t n = qemu_plugin_tb_n_insns(tb);
	struct block *b = malloc(sizeof *b + n * sizeof b->words[0]);
	if (!b) {
		fputs("blocks: out of memory\n", stderr);
		exit(1);
	}
	b->count = b->written = 0;
	b->address = qemu_plugin_tb_vaddr(tb);
	b->n = n;
	for (size_t i = 0; i < n; i++)
		memcpy(&b->words[i], qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, i)), sizeof b->words[i]);
	b->next = blocks;
	blocks = b;
	if (mark && b->address == mark)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, marked, QEMU_PLUGIN_CB_NO_REGS, NULL);
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &b->count, 1);
}

static void finished(qemu_plugin_id_t id, void *data)
{
	(void)id, (void)data;
	write_segment();
	if (ferror(out) | fclose(out))
		fputs("blocks: cannot write the counts\n", stderr);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	const char *path = NULL;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			path = argv[i] + 4;
		else if (!strncmp(argv[i], "mark=", 5))
			mark = strtoull(argv[i] + 5, NULL, 0);
	}
	out = path ? fopen(path, "w") : NULL;
	if (!out) {
		fprintf(stderr, "blocks: cannot write %s\n", path ? path : "the counts: out= is missing");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finished, NULL);
	return 0;
}
