;; One guest has handles of the host, and passes one in a call whose values are copied.
(component
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $err))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $os (sub resource)))
    (alias outer 1 $err (type $e0))
    (export "error" (type $e (eq $e0)))
    (type $se0 (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $se (eq $se0)))
    (export "[method]output-stream.blocking-write-and-flush" (func (param "self" (borrow $os)) (param "contents" (list u8)) (result (result (error $se)))))))
  (alias export $streams "output-stream" (type $os))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $os (type $o0))
    (export "output-stream" (type $o (eq $o0)))
    (export "get-stdout" (func (result (own $o))))))
  (core module $Mem (memory (export "memory") 1) (data (i32.const 16) "hello\n")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $mem (instantiate $Mem))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    string-encoding=utf16 (memory (core memory $mem "memory")) (realloc (core func $mem "realloc"))))
  (core func $get (canon lower (func $stdout "get-stdout")))
  (core module $Main
    (import "m" "memory" (memory 1))
    (import "w" "write" (func $write (param i32 i32 i32 i32)))
    (import "w" "get" (func $get (result i32)))
    (func (export "run") (result i32)
      (call $write (call $get) (i32.const 16) (i32.const 6) (i32.const 64))
      (i32.load8_u (i32.const 64))))
  (core instance $main (instantiate $Main (with "m" (instance $mem)) (with "w" (instance
    (export "write" (func $write)) (export "get" (func $get))))))
  (func $f (result (result)) (canon lift (core func $main "run")))
  (instance $r (export "run" (func $f)))
  (export "wasi:cli/run@0.2.0" (instance $r)))
