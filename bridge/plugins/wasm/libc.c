// What the standard library of Rust wants from wasi-libc, and Debian's, of 2022, does not have.
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int *__errno_location(void) { return &errno; }

// There are no threads: whoever asks is told, and does the work itself.
int pthread_attr_init(void *attr) { return 0; }
int pthread_attr_destroy(void *attr) { return 0; }
int pthread_attr_setstacksize(void *attr, size_t size) { return 0; }
int pthread_create(void *thread, const void *attr, void *(*start)(void *), void *arg) { return ENOTSUP; }
int pthread_join(void *thread, void **result) { return ESRCH; }
int pthread_detach(void *thread) { return ESRCH; }

// The path of a file, absolute and without links, `.` and `..`: POSIX.1-2017, realpath.
char *realpath(const char *restrict path, char *restrict resolved) {
    char todo[PATH_MAX], done[PATH_MAX], link[PATH_MAX];
    size_t length = 0;
    int links = 0;
    if (!path) return errno = EINVAL, NULL;
    if (!*path) return errno = ENOENT, NULL;
    if (*path == '/') {
        if (strlen(path) >= sizeof todo) return errno = ENAMETOOLONG, NULL;
        strcpy(todo, path);
    } else {
        if (!getcwd(todo, sizeof todo)) return NULL;
        if (strlen(todo) + 1 + strlen(path) >= sizeof todo) return errno = ENAMETOOLONG, NULL;
        strcat(strcat(todo, "/"), path);
    }
    done[0] = 0;
    for (char *at = todo; *at;) {
        size_t n = strcspn(at, "/");
        if (n == 0 || (n == 1 && at[0] == '.')) {
            at += n ? n : 1;
            continue;
        }
        if (n == 2 && at[0] == '.' && at[1] == '.') {
            while (length && done[--length] != '/') {}
            done[length] = 0;
            at += n;
            continue;
        }
        size_t before = length;
        if (length + 1 + n >= sizeof done) return errno = ENAMETOOLONG, NULL;
        done[length++] = '/';
        memcpy(done + length, at, n);
        length += n;
        done[length] = 0;
        at += n;
        ssize_t size = readlink(done, link, sizeof link);
        if (size < 0) {
            // EINVAL: no link. What is not there is no path.
            struct stat status;
            if (lstat(done, &status)) return NULL;
            if (*at && !S_ISDIR(status.st_mode)) return errno = ENOTDIR, NULL;
            continue;
        }
        if (++links > 40) return errno = ELOOP, NULL;
        if ((size_t)size + strlen(at) >= sizeof todo) return errno = ENAMETOOLONG, NULL;
        char rest[PATH_MAX];
        strcpy(rest, at);
        memcpy(todo, link, size);
        strcpy(todo + size, rest);
        at = todo;
        length = *link == '/' ? 0 : before;
        done[length] = 0;
    }
    if (!length) strcpy(done, "/");
    return resolved ? strcpy(resolved, done) : strdup(done);
}

// Adapters ask a program for memory, and grow it themselves if there is nobody to ask. This libc's first malloc takes all memory
// that is there by then, what an adapter has grown included.
__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    if (old) return realloc(old, size);
    return aligned_alloc(align < sizeof(void *) ? sizeof(void *) : align, size);
}
