import { errno, fd_close, fd_filestat_get, fd_read, fd_write, filestat, lookupflags, oflags, path_open, rights }
  from "bindings/wasi_snapshot_preview1";

function open(name: string, flags: u16, wanted: u64): i32 {
  const path = String.UTF8.encode(name);
  const fd = memory.data(4);
  const error = path_open(3, <lookupflags>0, changetype<usize>(path), path.byteLength,
    <oflags>flags, <rights>wanted, <rights>0, 0, changetype<usize>(fd));
  if (error != errno.SUCCESS) {
    console.log("cannot open " + name + ": " + (<i32>error).toString());
    process.exit(1);
  }
  return load<i32>(fd);
}

function vector(address: usize, length: usize): usize {
  const at = memory.data(8, 4);
  store<usize>(at, address);
  store<usize>(at, length, 4);
  return at;
}

let total = 0.0;
for (let n = 1; n < 1000; n++) total += 1.0 / <f64>n;
const text = String.UTF8.encode("written by AssemblyScript " + total.toString() + "\n");
const count = memory.data(4);
const writing = open("as.txt", oflags.CREAT | oflags.TRUNC, rights.FD_WRITE);
fd_write(writing, vector(changetype<usize>(text), text.byteLength), 1, count);
fd_close(writing);

const reading = open("as.txt", 0, rights.FD_READ | rights.FD_FILESTAT_GET);
const stat = changetype<filestat>(memory.data(64, 8));
fd_filestat_get(reading, stat);
const buffer = new ArrayBuffer(100);
fd_read(reading, vector(changetype<usize>(buffer), 100), 1, count);
const words = new Map<string, i32>();
for (let i = 0; i < process.argv.length; i++) words.set(process.argv[i], i);
console.log("hello from AssemblyScript, " + (words.size - 1).toString() + " arguments, stat says " +
  load<u64>(changetype<usize>(stat), 32).toString() + ": " + String.UTF8.decode(buffer.slice(0, load<i32>(count))));
