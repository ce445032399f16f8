local m = require "beside_the_script"
return experiment "x" { data = m }
