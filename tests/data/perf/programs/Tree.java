import java.util.*;
import java.util.function.*;

/** Compiled and interpreted frames, lambdas, an inner class. */
public class Tree {
    static class Node {
        final int key;
        Node less, more;
        Node(int key) { this.key = key; }

        Node insert(int other) {
            if (other < key) {
                if (less == null) less = new Node(other); else less.insert(other);
            } else {
                if (more == null) more = new Node(other); else more.insert(other);
            }
            return this;
        }
    }

    static long fold(Node at, LongBinaryOperator with) {
        if (at == null) return 0;
        return with.applyAsLong(with.applyAsLong(fold(at.less, with), at.key), fold(at.more, with));
    }

    static String text(int[] numbers) {
        StringBuilder out = new StringBuilder();
        for (int n : numbers) out.append(Integer.toHexString(n)).append(',');
        return out.toString();
    }

    public static void main(String[] args) {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 200;
        long sum = 0;
        Random random = new Random(7);
        for (int i = 0; i < rounds; i++) {
            Node root = new Node(0);
            int[] numbers = random.ints(5000).toArray();
            for (int n : numbers) root.insert(n);
            sum += fold(root, (a, b) -> a * 31 + b);
            Arrays.sort(numbers);
            sum += text(numbers).hashCode();
        }
        System.out.println(sum);
    }
}
