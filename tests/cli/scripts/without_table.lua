return experiment "x"
