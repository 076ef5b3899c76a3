// Files through libc. Every mode works in the current directory, which is the preopened ".".
//
// files-c tour      create, write, append, seek, truncate, rename, unlink, link, directories
// files-c links     symbolic links
// files-c stat      sizes, kinds and times
// files-c many      a directory with 300 entries
// files-c missing   opens what is not there, exits 1
// files-c escape    tries to leave the sandbox
// files-c fixture   reads what the host has put there
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void report(const char *what, int result) {
    printf("%-28s %s\n", what, result < 0 ? strerror(errno) : "ok");
}

static void show(const char *path) {
    char buffer[256];
    int fd = open(path, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, buffer, sizeof buffer - 1);
    if (got < 0) {
        printf("%s: %s\n", path, strerror(errno));
    } else {
        buffer[got] = 0;
        printf("%s: %zd bytes [%s]\n", path, got, buffer);
    }
    if (fd >= 0) close(fd);
}

static void tour(void) {
    int fd = open("first.txt", O_CREAT | O_EXCL | O_RDWR, 0644);
    report("create", fd);
    report("write", (int)write(fd, "0123456789", 10));
    report("seek to 4", (int)lseek(fd, 4, SEEK_SET));
    report("overwrite", (int)write(fd, "FOUR", 4));
    printf("position after writing: %lld\n", (long long)lseek(fd, 0, SEEK_CUR));
    printf("end: %lld\n", (long long)lseek(fd, 0, SEEK_END));
    char middle[5] = {0};
    report("read at 2", (int)pread(fd, middle, 4, 2));
    printf("at 2: [%s]\n", middle);
    report("write at 8", (int)pwrite(fd, "!", 1, 8));
    close(fd);
    show("first.txt");

    fd = open("first.txt", O_WRONLY | O_APPEND);
    report("append", (int)write(fd, " appended", 9));
    close(fd);
    show("first.txt");

    report("create again, exclusively", open("first.txt", O_CREAT | O_EXCL | O_RDWR, 0644));
    fd = open("first.txt", O_RDWR);
    report("truncate", ftruncate(fd, 12));
    close(fd);
    show("first.txt");

    report("mkdir", mkdir("sub", 0755));
    report("mkdir again", mkdir("sub", 0755));
    report("rename", rename("first.txt", "sub/moved.txt"));
    show("first.txt");
    show("sub/moved.txt");
    report("hard link", link("sub/moved.txt", "second.txt"));
    report("unlink", unlink("sub/moved.txt"));
    show("second.txt");
    report("open a directory to write", open("sub", O_WRONLY));
    report("rmdir", rmdir("sub"));
    report("rmdir again", rmdir("sub"));

    FILE *stream = fopen("stream.txt", "w+");
    fprintf(stream, "line one\nline two\nline %d\n", 3);
    fseek(stream, 9, SEEK_SET);
    char line[32];
    printf("through stdio: %s", fgets(line, sizeof line, stream) ? line : "(nothing)\n");
    fclose(stream);
}

static void links(void) {
    int fd = open("target.txt", O_CREAT | O_WRONLY, 0644);
    write(fd, "the target", 10);
    close(fd);
    char buffer[64] = {0};
    report("symlink", symlink("target.txt", "link"));
    report("readlink", (int)readlink("link", buffer, sizeof buffer - 1));
    printf("link -> %s\n", buffer);
    show("link");
    report("symlink to nothing", symlink("nowhere", "dangling"));
    show("dangling");
    report("unlink the link", unlink("link"));
    show("target.txt");
}

static void describe(const char *path) {
    struct stat s;
    if (lstat(path, &s) < 0) {
        printf("%s: %s\n", path, strerror(errno));
        return;
    }
    const char *kind = S_ISREG(s.st_mode) ? "file" : S_ISDIR(s.st_mode) ? "directory" : S_ISLNK(s.st_mode) ? "link" : "other";
    printf("%s: %s", path, kind);
    if (S_ISREG(s.st_mode)) printf(", %lld bytes", (long long)s.st_size);
    printf(", modified after 2020: %s\n", s.st_mtim.tv_sec > 1577836800 ? "yes" : "no");
}

static void stats(void) {
    int fd = open("sized", O_CREAT | O_RDWR, 0644);
    ftruncate(fd, 123456);
    mkdir("folder", 0755);
    symlink("sized", "pointer");
    describe("sized");
    describe("folder");
    describe("pointer");
    describe("absent");
    struct timespec times[2] = {{1000000000, 0}, {1600000000, 0}};
    report("set times", futimens(fd, times));
    struct stat s = {0};
    report("fstat", fstat(fd, &s));
    printf("modified at %lld, read at %lld\n", (long long)s.st_mtim.tv_sec, (long long)s.st_atim.tv_sec);
    close(fd);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void many(void) {
    char name[64];
    mkdir("many", 0755);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "many/entry-%03d-with-a-fairly-long-name", (i * 137) % 300);
        int fd = open(name, O_CREAT | O_WRONLY, 0644);
        if (fd < 0) printf("%s: %s\n", name, strerror(errno));
        close(fd);
    }
    char *names[400];
    int count = 0;
    DIR *dir = opendir("many");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        // Whether a host lists the dots is its own affair.
        if (entry->d_name[0] != '.' && count < 400) names[count++] = strdup(entry->d_name);
    }
    closedir(dir);
    qsort(names, count, sizeof *names, by_text);
    int in_order = 0;
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "entry-%03d-with-a-fairly-long-name", i);
        in_order += strcmp(names[i], name) == 0;
    }
    printf("%d entries, %d of them as expected, first %s, last %s\n", count, in_order, names[0], names[count - 1]);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "many/%s", names[i]);
        if (i % 100 != 7) unlink(name);
    }
}

static int missing(void) {
    int fd = open("not-there.txt", O_RDONLY);
    fprintf(stderr, "not-there.txt: %s\n", fd < 0 ? strerror(errno) : "opened?");
    return fd < 0 ? 1 : 0;
}

static void refused(const char *path) {
    int fd = open(path, O_RDONLY);
    printf("%s: %s\n", path, fd < 0 ? "refused" : "OPENED");
    if (fd >= 0) close(fd);
}

static void escape(void) {
    refused("../outside.txt");
    refused("a/../../outside.txt");
    refused("/etc/passwd");
    mkdir("a", 0755);
    refused("a/../../outside.txt");
    symlink("../..", "a/out"); // some hosts refuse to make it, the others must refuse to follow it
    refused("a/out/outside.txt");
    unlink("a/out");
    printf("make outside: %s\n", mkdir("../outside", 0755) < 0 ? "refused" : "MADE");
    printf("rename to outside: %s\n", rename("a", "../a") < 0 ? "refused" : "MOVED");
    show("a/../inside.txt");
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "tour";
    setvbuf(stdout, NULL, _IOFBF, 4096);
    if (strcmp(mode, "tour") == 0) tour();
    if (strcmp(mode, "links") == 0) links();
    if (strcmp(mode, "stat") == 0) stats();
    if (strcmp(mode, "many") == 0) many();
    if (strcmp(mode, "missing") == 0) return missing();
    if (strcmp(mode, "escape") == 0) escape();
    if (strcmp(mode, "fixture") == 0) {
        show("greeting.txt");
        show("nested/deeper/number.txt");
        show("empty.txt");
    }
    return 0;
}
