(module
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
