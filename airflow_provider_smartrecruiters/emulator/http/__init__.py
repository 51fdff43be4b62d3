"""What passes over the socket: requests as they are read and checked, answers as they are sent."""
