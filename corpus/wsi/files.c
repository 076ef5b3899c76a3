// files: the calls for files, with the error of each that fails. Prints nothing that hosts choose.
#include "layer.h"

static void show(const char *what, int64_t result) { printf("%s: %ld\n", what, result); }

#define PATH(text) (text), sizeof(text) - 1
#define DIR 3

static void stat_at(const char *path, uint32_t length) {
    wsi_stat stat;
    int result = wsi_fs_stat(DIR, path, length, 1, &stat);
    if (result < 0) show("stat", result);
    else printf("stat %s: kind %d, size %ld\n", path, stat.kind, (int64_t)stat.size);
}

static void list(int dir) {
    static char buffer[128];
    unsigned entries = 0, names = 0;
    int64_t cookie = 0;
    for (;;) {
        int used = wsi_fs_readdir(dir, buffer, sizeof buffer, cookie), at = 0;
        if (used < 0) return show("readdir", used);
        while (used - at >= 24) {
            wsi_dirent entry;
            memcpy(&entry, buffer + at, sizeof entry);
            if (used - at - 24 < (int)entry.name_len) break;
            const char *name = buffer + at + 24;
            bool dots = name[0] == '.' && (entry.name_len == 1 || (entry.name_len == 2 && name[1] == '.'));
            if (!dots) {
                entries++;
                for (unsigned i = 0; i < entry.name_len; i++) names += (unsigned char)name[i];
            }
            cookie = (int64_t)entry.next;
            at += 24 + (int)entry.name_len;
        }
        if (used < (int)sizeof buffer) break;
    }
    printf("entries: %u, sum of names %u\n", entries, names);
}

int main(int argc, char **argv) {
    char buffer[64];
    (void)argc, (void)argv;
    int length = wsi_fs_preopen(DIR, buffer, sizeof buffer);
    printf("preopen is there: %d\n", length > 0);
    show("no preopen", wsi_fs_preopen(DIR + 1, buffer, sizeof buffer));
    show("open missing", wsi_fs_open(DIR, PATH("missing"), WSI_READ));
    show("open with a bit that is not known", wsi_fs_open(DIR, PATH("x"), 1 << 20));
    show("mkdir", wsi_fs_mkdir(DIR, PATH("dir")));
    show("mkdir again", wsi_fs_mkdir(DIR, PATH("dir")));
    int fd = wsi_fs_open(DIR, PATH("dir/file"), WSI_CREATE | WSI_EXCLUSIVE | WSI_READ | WSI_WRITE);
    printf("create: %d\n", fd > DIR);
    show("create again", wsi_fs_open(DIR, PATH("dir/file"), WSI_CREATE | WSI_EXCLUSIVE | WSI_WRITE));
    wsi_iov two[2] = {{"hello, ", 7}, {"files", 5}};
    // A host may take the first buffer only.
    printf("write two buffers: %d\n", wsi_io_write(fd, two, 2) >= 7);
    show("pwrite", wsi_io_pwrite(fd, &two[1], 1, 7));
    show("write none", wsi_io_write(fd, two, 0));
    show("seek to the start", wsi_io_seek(fd, 0, WSI_SET));
    show("seek from here", wsi_io_seek(fd, 7, WSI_HERE));
    show("seek from the end", wsi_io_seek(fd, -5, WSI_END));
    show("seek before the start", wsi_io_seek(fd, -50, WSI_SET));
    wsi_iov into[2] = {{buffer, 3}, {buffer + 8, 20}};
    wsi_io_seek(fd, 7, WSI_SET);
    // A host may fill the first buffer only.
    int n = wsi_io_read(fd, into, 2);
    printf("read %d: %c%c%c\n", n >= 3, buffer[0], buffer[1], buffer[2]);
    show("seek to the end", wsi_io_seek(fd, 0, WSI_END));
    show("read at the end", wsi_io_read(fd, into, 2));
    show("pwrite", wsi_io_pwrite(fd, &two[1], 1, 20));
    n = wsi_io_pread(fd, into, 1, 20);
    printf("pread %d: %c%c%c\n", n, buffer[0], buffer[1], buffer[2]);
    show("where it is now", wsi_io_seek(fd, 0, WSI_HERE));
    show("truncate", wsi_fs_truncate(fd, 4));
    stat_at(PATH("dir/file"));
    show("flags and kind", wsi_io_flags(fd, 0, 0));
    show("append", wsi_io_flags(fd, WSI_APPEND, WSI_APPEND));
    show("write", wsi_io_write(fd, two, 1));
    show("flags that are not known", wsi_io_flags(fd, 1 << 9, 0));
    show("sync", wsi_io_sync(fd, 0));
    show("sync data", wsi_io_sync(fd, 1));
    show("set times", wsi_fs_set_times(fd, NULL, 0, 0, 1000000000, 2000000000, WSI_ATIME | WSI_MTIME));
    wsi_stat stat;
    show("stat of the descriptor", wsi_fs_stat(fd, NULL, 0, 0, &stat));
    printf("modified: %ld, size %ld\n", (int64_t)stat.mtime, (int64_t)stat.size);
    show("close", wsi_io_close(fd));
    show("close again", wsi_io_close(fd));
    show("rename", wsi_fs_rename(DIR, PATH("dir/file"), DIR, PATH("moved")));
    stat_at(PATH("dir/file"));
    stat_at(PATH("moved"));
    show("link", wsi_fs_link(DIR, PATH("moved"), DIR, PATH("dir/linked"), 0));
    show("symlink", wsi_fs_symlink(PATH("../moved"), DIR, PATH("dir/sym")));
    n = wsi_fs_readlink(DIR, PATH("dir/sym"), buffer, sizeof buffer);
    printf("readlink %d: %c%c%c\n", n, buffer[0], buffer[1], buffer[2]);
    n = wsi_fs_readlink(DIR, PATH("dir/sym"), buffer, 4);
    show("readlink into 4 bytes", n);
    fd = wsi_fs_open(DIR, PATH("dir"), WSI_DIRECTORY | WSI_READ);
    printf("open a directory: %d\n", fd > DIR);
    list(fd);
    fd = wsi_io_close(fd);
    show("close the directory", fd);
    show("unlink a directory that is not empty", wsi_fs_unlink(DIR, PATH("dir"), 1));
    show("unlink", wsi_fs_unlink(DIR, PATH("dir/sym"), 0));
    show("unlink", wsi_fs_unlink(DIR, PATH("dir/linked"), 0));
    show("unlink missing", wsi_fs_unlink(DIR, PATH("dir/linked"), 0));
    show("unlink the directory", wsi_fs_unlink(DIR, PATH("dir"), 1));
    fd = wsi_fs_open(DIR, PATH("moved"), WSI_READ);
    show("write what is open for reading", wsi_io_write(fd, two, 1));
    show("read a bad descriptor", wsi_io_read(99, into, 1));
    show("stat of a bad descriptor", wsi_fs_stat(99, NULL, 0, 0, &stat));
    show("a clock that is not there", wsi_time_now(7));
    printf("clocks: %d %d\n", wsi_time_now(0) > 0, wsi_time_resolution(1) > 0);
    show("random", wsi_random_fill(buffer, 32));
    show("yield", wsi_thread_yield());
    printf("environment: %d\n", wsi_proc_env_sizes() >= 0);
    show("wake nobody", wsi_thread_wake(NULL, 1));
    return 3;
}
