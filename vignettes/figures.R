# For the vignettes with figures. Where pngquant is, figures of 128 colours: a third of the size.
if (nzchar(Sys.which("pngquant"))) knitr::knit_hooks$set(pngquant = knitr::hook_pngquant)
knitr::opts_chunk$set(pngquant = "--nofs 128")
