return adamw {}
