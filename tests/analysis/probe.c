/* Measures from inside a container what it may do to the processes of the others: see test_exposure_cluster.py.
 *
 * usage: probe POD NAME COUNT FOLDER [stay]
 *
 * COUNT probes of one POD meet in FOLDER, which all can write to. One after another they try every action on the other
 * probes that they see and on PID 1, and write a line for each to the termination log: its name and for each action
 * y or n, then the same once more after a change of user and group to the target's, as far as that is permitted.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 240 };

static int reads(const char *path, char *buffer, size_t size) {
    int file = open(path, O_RDONLY);
    if (file < 0)
        return 0;
    ssize_t count = read(file, buffer, size - 1);
    close(file);
    buffer[count > 0 ? count : 0] = 0;
    return count > 0;
}

static int lists(const char *path) {
    DIR *folder = opendir(path);
    int listed = folder && readdir(folder);
    if (folder)
        closedir(folder);
    return listed;
}

static int traces(pid_t pid) {
    if (ptrace(PTRACE_SEIZE, pid, 0, 0))
        return 0;
    /* It goes on once it is let go of, and can be let go of only when it stands still. */
    ptrace(PTRACE_INTERRUPT, pid, 0, 0);
    waitpid(pid, 0, __WALL);
    ptrace(PTRACE_DETACH, pid, 0, 0);
    return 1;
}

static void measure(pid_t pid, char *answers) {
    char path[64], buffer[4096];
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    *answers++ = reads(path, buffer, sizeof buffer) ? 'y' : 'n';
    snprintf(path, sizeof path, "/proc/%d/root/", pid);
    *answers++ = lists(path) ? 'y' : 'n';
    *answers++ = kill(pid, 0) == 0 ? 'y' : 'n';
    *answers++ = traces(pid) ? 'y' : 'n';
    *answers = 0;
}

/* Becomes the target's user and group as far as permitted, with all capabilities it has. */
static void become(pid_t pid) {
    char path[64], status[4096];
    unsigned uid = geteuid(), gid = getegid();
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (reads(path, status, sizeof status)) {
        char *line = strstr(status, "\nUid:");
        if (line)
            sscanf(line, "\nUid: %u", &uid);
        line = strstr(status, "\nGid:");
        if (line)
            sscanf(line, "\nGid: %u", &gid);
    }
    prctl(PR_SET_KEEPCAPS, 1);
    if (setresgid(gid, gid, gid) && errno != EPERM)
        _exit(1);
    if (setresuid(uid, uid, uid) && errno != EPERM)
        _exit(1);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (!syscall(SYS_capget, &header, data)) {
        data[0].effective = data[0].permitted;
        data[1].effective = data[1].permitted;
        syscall(SYS_capset, &header, data);
    }
}

static void measure_switched(pid_t pid, char *answers) {
    int ends[2];
    if (pipe(ends))
        exit(1);
    if (!fork()) {
        become(pid);
        measure(pid, answers);
        _exit(write(ends[1], answers, 4) != 4);
    }
    wait(0);
    answers[read(ends[0], answers, 4) == 4 ? 4 : 0] = 0;
    close(ends[0]);
    close(ends[1]);
}

static void mark(const char *folder, const char *kind, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s-%s", folder, kind, name);
    close(open(path, O_CREAT | O_WRONLY, 0666));
}

static void meet(const char *folder, const char *kind, int count) {
    for (int tenths = 0; tenths < SECONDS * 10; tenths++) {
        int found = 0;
        DIR *entries = opendir(folder);
        for (struct dirent *entry; entries && (entry = readdir(entries));)
            found += !strncmp(entry->d_name, kind, strlen(kind));
        if (entries)
            closedir(entries);
        if (found >= count)
            return;
        usleep(100000);
    }
    _exit(2);
}

int main(int argc, char **argv) {
    if (argc < 5)
        return 64;
    const char *pod = argv[1], *name = argv[2], *folder = argv[4];
    int count = atoi(argv[3]);
    char path[PATH_MAX];
    umask(0);
    mark(folder, "ready", name);
    meet(folder, "ready", count);

    snprintf(path, sizeof path, "%s/lock", folder);
    int lock = open(path, O_CREAT | O_RDWR, 0666);
    flock(lock, LOCK_EX);
    FILE *log = fopen("/dev/termination-log", "w");
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; processes && (entry = readdir(processes));) {
        pid_t pid = atoi(entry->d_name);
        char line[4096] = "", answers[8], switched[8];
        snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
        if (pid <= 0 || pid == getpid() || !reads(path, line, sizeof line))
            continue;
        const char *on = 0;
        if (!strcmp(line, "/pause") && pid == 1)
            on = line;
        else if (!strcmp(line, argv[0])) {
            const char *its_pod = line + strlen(line) + 1;
            on = strcmp(its_pod, pod) ? 0 : its_pod + strlen(its_pod) + 1;
        }
        if (!on)
            continue;
        measure(pid, answers);
        measure_switched(pid, switched);
        fprintf(log ? log : stdout, "%s %s %s\n", on, answers, switched);
    }
    fclose(log ? log : stdout);
    flock(lock, LOCK_UN);
    mark(folder, "done", name);
    meet(folder, "done", count);
    if (argc > 5)
        pause();
    return 0;
}
