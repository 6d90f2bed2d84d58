"""What happens? One function is one transaction; who asks is none of its business."""
